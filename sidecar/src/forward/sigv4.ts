import { createHash, createHmac } from 'node:crypto';

/** Who signs, and where it is valid. */
export interface AwsCredential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | null;
  readonly region: string;
}

export interface Signable {
  readonly method: string;
  /** As it is sent, percent-encoding and all, without a query. */
  readonly path: string;
  readonly host: string;
  readonly body: Buffer;
}

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();

/** Every service but S3 encodes the segments of the path once more. */
function canonicalPath(path: string): string {
  const encode = (segment: string) =>
    encodeURIComponent(segment).replace(
      /[!'()*]/g,
      (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  return path.split('/').map(encode).join('/');
}

/**
 * The header fields that sign a request: name, value, name, value … `now` is in milliseconds since the epoch.
 * AWS Signature Version 4 (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
 */
export function signatureFields(
  request: Signable,
  credential: AwsCredential,
  service: string,
  now: number,
): string[] {
  const stamp = `${new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
  const day = stamp.slice(0, 8);
  const bodyHash = sha256(request.body);
  const fields: [string, string][] = [
    ['host', request.host],
    ['x-amz-content-sha256', bodyHash],
    ['x-amz-date', stamp],
  ];
  if (credential.sessionToken !== null) fields.push(['x-amz-security-token', credential.sessionToken]);
  const names = fields.map(([name]) => name).join(';');
  const canonical = [
    request.method,
    canonicalPath(request.path),
    '',
    ...fields.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    bodyHash,
  ].join('\n');
  const scope = `${day}/${credential.region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', stamp, scope, sha256(canonical)].join('\n');
  const dayKey = hmac(`AWS4${credential.secretAccessKey}`, day);
  const key = hmac(hmac(hmac(dayKey, credential.region), service), 'aws4_request');
  const signature = hmac(key, toSign).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return [...fields.flat(), 'authorization', authorization];
}

/**
 * A credential as `aws configure export-credentials` prints it (credential_process, version 1), with `Region` beside it
 * where the host does not say it. Undefined when the text is another kind of key; null when it is one but incomplete.
 */
export function readAwsCredential(text: string, host: string): AwsCredential | null | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  const members = parseMembers(text);
  const region = members['Region'] ?? /\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com/.exec(host)?.[1];
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken } = members;
  if (accessKeyId === undefined || secretAccessKey === undefined || region === undefined) return null;
  return { accessKeyId, secretAccessKey, sessionToken: sessionToken ?? null, region };
}

function parseMembers(text: string): Partial<Record<string, string>> {
  try {
    const entries = Object.entries(JSON.parse(text) as object);
    return Object.fromEntries(entries.filter(([, value]) => typeof value === 'string' && value !== ''));
  } catch {
    return {};
  }
}
