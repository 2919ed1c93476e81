import { createPrivateKey } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, generateKeyPair, SignJWT } from 'jose';

/**
 * A ServiceAccount token that says what a real one says but for its time, signed with this key (PEM); null: with a
 * key that nobody knows. `expiresIn` in seconds from now; negative: it has been over for so long.
 */
export async function signedLike(
  real: string,
  { expiresIn, key }: { readonly expiresIn: number; readonly key: string | null },
): Promise<string> {
  const { alg = 'RS256', kid } = decodeProtectedHeader(real);
  const now = Math.floor(Date.now() / 1000);
  const since = now - 3600;
  const claims = { ...decodeJwt(real), iat: since, nbf: since, exp: now + expiresIn };
  const signer = key === null ? (await generateKeyPair(alg)).privateKey : createPrivateKey(key);
  return await new SignJWT(claims)
    .setProtectedHeader({ alg, ...(kid !== undefined && { kid }) })
    .sign(signer);
}
