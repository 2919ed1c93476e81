// tsyringe, which x509 is built on, needs it before anything else of x509 is loaded.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate and its private key (PKCS #8), both PEM. */
export interface KeyedCertificate {
  readonly cert: string;
  readonly key: string;
}

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** Clocks of nodes differ. */
const SKEW_MS = 300_000;

/** A CA of its own (RFC 5280), P-256. Times are unix milliseconds. */
export async function createCa(commonName: string, now: number, lifeMs: number): Promise<KeyedCertificate> {
  const keys = await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      name: `CN=${commonName}`,
      keys,
      signingAlgorithm: P256,
      serialNumber: serialNumber(),
      notBefore: new Date(now - SKEW_MS),
      notAfter: new Date(now + lifeMs),
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    },
    webcrypto,
  );
  return { cert: pemOf(certificate), key: await keyPem(keys.privateKey) };
}

/** A serving certificate for these DNS names and addresses, signed by a CA of {@link createCa}. */
export async function createServingCertificate(
  ca: KeyedCertificate,
  names: readonly { readonly type: 'dns' | 'ip'; readonly value: string }[],
  now: number,
  lifeMs: number,
): Promise<KeyedCertificate> {
  const keys = await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
  const issuer = new X509Certificate(ca.cert);
  const certificate = await X509CertificateGenerator.create(
    {
      subject: `CN=${names[0]?.value ?? 'rankguard'}`,
      issuer: issuer.subject,
      publicKey: keys.publicKey,
      signingKey: await importKey(ca.key),
      signingAlgorithm: P256,
      serialNumber: serialNumber(),
      notBefore: new Date(now - SKEW_MS),
      // Nothing outlives what it chains to.
      notAfter: new Date(Math.min(now + lifeMs, issuer.notAfter.getTime())),
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension(names.map(({ type, value }) => ({ type, value }))),
        await AuthorityKeyIdentifierExtension.create(issuer, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { cert: pemOf(certificate), key: await keyPem(keys.privateKey) };
}

/** Unix milliseconds. */
export function expiryOf(cert: string): number {
  return new X509Certificate(cert).notAfter.getTime();
}

/** 20 octets at most, positive (RFC 5280 section 4.1.2.2). */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString('pem').trim()}\n`;
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY').trim()}\n`;
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const [der] = PemConverter.decode(pem);
  return webcrypto.subtle.importKey('pkcs8', der!, P256, false, ['sign']);
}
