import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** A TCP socket of the pod that takes connections. */
export interface ListeningSocket {
  readonly address: string;
  readonly port: number;
  /** Only processes of this pod reach it. */
  readonly loopback: boolean;
  /** It belongs to this process. */
  readonly own: boolean;
}

const LISTEN = '0A';

/** The listening sockets of this network namespace, from procfs (proc_pid_net(5)). */
export async function readListeningSockets(proc = '/proc'): Promise<readonly ListeningSocket[]> {
  const own = await ownInodes(proc);
  // A node without IPv6 has no tcp6.
  const tables = await Promise.all([
    readFile(join(proc, 'self/net/tcp'), 'utf8'),
    readFile(join(proc, 'self/net/tcp6'), 'utf8').catch(() => ''),
  ]);
  return tables.flatMap((table) => parseSockets(table, own));
}

/** Reads a table of `/proc/net/tcp` or `/proc/net/tcp6`. `own`: inodes of this process's sockets. */
export function parseSockets(table: string, own: ReadonlySet<string>): ListeningSocket[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTEN)
    .map((fields) => {
      const [hex = '', port = ''] = (fields[1] ?? '').split(':');
      const bytes = bytesOf(hex);
      return {
        address: hex.length === 8 ? bytes.join('.') : formatIPv6(bytes),
        port: Number.parseInt(port, 16),
        loopback: isLoopback(bytes),
        own: own.has(fields[9] ?? ''),
      };
    });
}

/** Addresses stand as 32-bit words in the byte order of the machine, which is little-endian wherever Node runs. */
function bytesOf(hex: string): number[] {
  const words = hex.match(/.{8}/g) ?? [];
  return words.flatMap((word) =>
    (word.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16)),
  );
}

const IPV4_MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255];

/** 127.0.0.0/8, ::1, and 127.0.0.0/8 mapped into IPv6 (RFC 4291 section 2.5.5.2). */
function isLoopback(bytes: readonly number[]): boolean {
  if (bytes.length === 4) return bytes[0] === 127;
  if (IPV4_MAPPED.every((byte, at) => bytes[at] === byte)) return bytes[12] === 127;
  return bytes.every((byte, at) => byte === (at === 15 ? 1 : 0));
}

function formatIPv6(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, at) =>
    ((bytes[2 * at]! << 8) | bytes[2 * at + 1]!).toString(16),
  );
  return `[${groups.join(':').replace(/(^|:)(0(:|$)){2,}/, '::')}]`;
}

async function ownInodes(proc: string): Promise<ReadonlySet<string>> {
  const folder = join(proc, 'self/fd');
  const targets = await Promise.all(
    (await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => '')),
  );
  return new Set(targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []));
}
