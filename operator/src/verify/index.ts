export { type Verified, type VerifyOptions, verifyInjection } from './verify.ts';
