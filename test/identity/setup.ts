import type { IssuerConfig } from '@rankguard/contract';
import {
  type Authenticator,
  type AuthenticatorOptions,
  type AuthResult,
  createAuthenticator,
  createKeySets,
  type KeySets,
  type KeySetsOptions,
} from '@rankguard/sidecar/identity';
import type { JWTPayload } from 'jose';
import { createTestClock, type TestClock, until } from './clock.ts';
import { AUDIENCE, sign, startIssuer, type TestIssuer, type TestKey } from './issuer.ts';

export interface Setup {
  readonly clock: TestClock;
  readonly issuer: TestIssuer;
  readonly keySets: KeySets;
  readonly authenticator: Authenticator;
  readonly log: string[];
  /** Claims of a good token, with these on top; undefined removes one. */
  claims(extra?: JWTPayload): JWTPayload;
  token(key: TestKey, extra?: JWTPayload): Promise<string>;
  /** As a promise, whether or not the answer was synchronous. */
  authenticate(token: string): Promise<AuthResult>;
  close(): Promise<void>;
}

export interface SetupOptions {
  readonly keys?: readonly TestKey[];
  readonly config?: Partial<IssuerConfig>;
  readonly authenticator?: Partial<AuthenticatorOptions>;
  readonly keySets?: Partial<KeySetsOptions>;
  /** false: return before the keys are there. */
  readonly warm?: boolean;
  /** Called before anything is fetched. */
  readonly prepare?: (issuer: TestIssuer) => void;
}

/** An authenticator on a clock of its own, in front of a hand-made issuer on loopback. */
export async function setUp(options: SetupOptions = {}): Promise<Setup> {
  const clock = createTestClock();
  const issuer = await startIssuer({ keys: (options.keys ?? []).map((key) => key.jwk) });
  options.prepare?.(issuer);
  const log: string[] = [];
  const keySets = createKeySets({
    fetch,
    now: clock.now,
    schedule: clock.schedule,
    random: () => 1,
    log: (level, message, fields) => log.push(`${level} ${message} ${JSON.stringify(fields)}`),
    ...options.keySets,
  });
  const issuers = [{ ...issuer.config, ...options.config }];
  keySets.start(issuers);
  if (options.warm !== false) await until(() => keySets.health().every(({ usable }) => usable));
  const authenticator = createAuthenticator({
    issuers,
    anonymous: 'deny',
    keySets,
    now: clock.now,
    ...options.authenticator,
  });
  const claims = (extra: JWTPayload = {}) => {
    const now = clock.seconds();
    return { iss: issuer.issuer, aud: AUDIENCE, sub: 'ann', iat: now, exp: now + 600, jti: 'id-1', ...extra };
  };
  return {
    clock,
    issuer,
    keySets,
    authenticator,
    log,
    claims,
    token: (key, extra) => sign(key, claims(extra)),
    authenticate: async (token) => authenticator.authenticate({ kind: 'token', token }),
    async close() {
      keySets.close();
      await issuer.close();
    },
  };
}

/** The reason code, or `ok`. */
export function codeOf(result: AuthResult): string {
  return result.ok ? 'ok' : result.code;
}
