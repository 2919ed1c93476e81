import { expect, test } from '@jest/globals';
import { redirect, type Step } from './redirect.ts';

const rules = [
  { from: 8080, to: 15930 },
  { from: 9090, to: 15931 },
];

/** Plays programs: those that are not named are not there. */
function machine(codes: Readonly<Record<string, number>>) {
  const ran: Step[] = [];
  return {
    ran,
    run: async (step: Step) => {
      const code = codes[step.program];
      if (code === undefined) throw Object.assign(new Error(), { code: 'ENOENT' });
      ran.push(step);
      return { code: step.args.includes('-D') ? 1 : code, stderr: 'Operation not permitted' };
    },
  };
}

test('one transaction of nftables covers both protocols, and replaces an earlier one', async () => {
  const { ran, run } = machine({ nft: 0, 'iptables-restore': 0, iptables: 0 });
  expect(await redirect(rules, run)).toBe('nft');
  expect(ran).toEqual([
    {
      program: 'nft',
      args: ['-f', '-'],
      input: `add table inet rankguard
delete table inet rankguard
table inet rankguard {
  chain prerouting {
    type nat hook prerouting priority dstnat;
    tcp dport 8080 redirect to :15930
    tcp dport 9090 redirect to :15931
  }
}
`,
    },
  ]);
});

test('without nft both iptables do it', async () => {
  const { ran, run } = machine({
    'iptables-restore': 0,
    iptables: 0,
    'ip6tables-restore': 0,
    ip6tables: 0,
  });
  expect(await redirect(rules, run)).toBe('iptables-restore');
  expect(ran.map(({ program, args }) => `${program} ${args.join(' ')}`)).toEqual([
    'iptables-restore --noflush -w',
    'iptables -t nat -w -D PREROUTING -p tcp -j RANKGUARD',
    'iptables -t nat -w -I PREROUTING -p tcp -j RANKGUARD',
    'ip6tables-restore --noflush -w',
    'ip6tables -t nat -w -D PREROUTING -p tcp -j RANKGUARD',
    'ip6tables -t nat -w -I PREROUTING -p tcp -j RANKGUARD',
  ]);
});

test.each([
  ['no program at all', {}, 'none of nft, iptables-restore'],
  ['not permitted', { nft: 1 }, 'Operation not permitted'],
  ['only half of it', { 'iptables-restore': 0, iptables: 0 }, 'none of'],
])('what is not redirected fails: %s', async (_, codes, message) => {
  await expect(redirect(rules, machine(codes).run)).rejects.toMatchObject({
    code: 'CONFIG_UNSUPPORTED',
    message: expect.stringContaining(message),
  });
});
