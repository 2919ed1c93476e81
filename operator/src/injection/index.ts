export { readEarlier } from './earlier.ts';
export { byAge, claimsInjection, inject, selectingConnections } from './inject.ts';
export { keyIsForAll, upstreamKeyOf } from './key-lock.ts';
export { guardsOf } from './marks.ts';
export { type PatchOperation, patch, samePod } from './patch.ts';
export { isOwn } from './refusals.ts';
export { RELOCATED_HOST_VARIABLE, RELOCATED_PORT_VARIABLE } from './relocate.ts';
export { namedSecrets, secretsOf } from './secrets.ts';
export { type KnownServer, type ServerName, serverNamed, serverOfImage } from './servers.ts';
export { pastTheName, selectingServices, usesTheName } from './services.ts';
export type { InjectionSettings } from './settings.ts';
export type {
  Container,
  Guarded,
  GuardingConnection,
  InjectionInput,
  InjectionResult,
  Pod,
  Refusal,
  Service,
} from './types.ts';
