import { chmodSync, cpSync, existsSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '../cluster/run.ts';

/** Where this machine's programs are for the base image. */
export interface BaseParts {
  readonly node: string;
  readonly certificates: string;
}

const USER = 65532;

/**
 * Fills `folder` with what a distroless Node image holds, from this machine's own files, for where no registry can
 * be reached: Node, the libraries that it names, CA certificates, a user. iptables is there for capture `redirect`.
 */
export async function fillBase(folder: string, { node, certificates }: BaseParts): Promise<void> {
  const root = join(folder, 'root');
  const place = (from: string, to: string): void => {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    cpSync(realpathSync(from), join(root, to), { recursive: true, dereference: true });
  };
  place(node, 'nodejs/bin/node');
  place(certificates, 'etc/ssl/certs/ca-certificates.crt');
  const iptables = '/usr/sbin/xtables-nft-multi';
  // The operator bounds the compiler by the shell's `ulimit`.
  place('/bin/sh', 'bin/sh');
  const programs = [node, '/bin/sh'];
  if (existsSync(iptables)) {
    programs.push(iptables);
    place(iptables, 'usr/sbin/xtables-nft-multi');
    for (const name of ['iptables', 'iptables-restore', 'ip6tables', 'ip6tables-restore']) {
      symlinkSync('xtables-nft-multi', join(root, 'usr/sbin', name));
    }
    const extensions = join(
      (await librariesOf(iptables)).find((path) => path.includes('libxtables'))!,
      '../xtables',
    );
    // iptables asks for them under /usr, the loader names libraries under /lib: on this machine both are the same.
    place(extensions, realpathSync(extensions));
  }
  for (const program of programs) for (const path of await librariesOf(program)) place(path, path);
  writeFileSync(
    join(root, 'etc/passwd'),
    `root:x:0:0:root:/:/none\nnonroot:x:${USER}:${USER}:nonroot:/tmp:/none\n`,
  );
  writeFileSync(join(root, 'etc/group'), `root:x:0:\nnonroot:x:${USER}:\n`);
  // Names of the pod's hosts file come before DNS.
  writeFileSync(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n');
  mkdirSync(join(root, 'tmp'));
  chmodSync(join(root, 'tmp'), 0o1777);
  writeFileSync(
    join(folder, 'Dockerfile'),
    `FROM scratch\nCOPY root/ /\nENV PATH=/nodejs/bin:/usr/sbin:/usr/bin:/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt\nUSER ${USER}:${USER}\n`,
  );
}

/** The files that the loader would load for a program. */
async function librariesOf(program: string): Promise<string[]> {
  const listed = await run('ldd', [program]);
  return [...listed.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
}
