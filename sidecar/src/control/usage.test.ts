import { afterEach, expect, test } from '@jest/globals';
import type { UsageReport, UsageShares } from '@rankguard/contract/control';
import { waitFor } from '../../../test/support/wait.ts';
import { createUsageWindows, type UsageKey } from '../usage/index.ts';
import { createUsageExchange, type UsageExchange } from './index.ts';

const connection = { namespace: 'shop', name: 'search' };
const ada: UsageKey = { connection: 'shop/search', kind: 'user', issuer: 'https://idp', subject: 'ada' };
const call = {
  ...{ dataset: null, model: null, documents: 1, rows: 1, cost: 1 },
  ...{ denied: false, answered: true, shown: [] },
};
const answer: UsageShares = {
  ...{ ledger: 'l', key: 'k'.repeat(43), version: 1, more: false, ageMs: 0, since: 0, nextMs: 1 },
  entries: [],
};

let exchange: UsageExchange | undefined;
afterEach(() => exchange?.close());

/** Pauses end at once; the operator answers when it is `up`. */
function setUp() {
  const windows = createUsageWindows({ now: () => 1_800_000_000_000, instance: 'i' });
  const reports: UsageReport[] = [];
  const said: string[] = [];
  const state = { up: true, wanted: true };
  exchange = createUsageExchange({
    connection,
    client: {
      async usage(report) {
        if (!state.up) throw new Error('gone');
        reports.push(report);
        return answer;
      },
    },
    sharing: windows.sharing!,
    wanted: () => state.wanted,
    log: (_level, message) => void said.push(message),
    sleep: async () => new Promise((resolve) => setImmediate(resolve)),
  });
  const told = () =>
    reports.flatMap(({ entries }) => entries.flatMap(({ day }) => day.map(([, calls]) => calls)));
  return { windows, reports, said, state, told, exchange };
}

test('what was counted while the operator was away is told when it is back, and that is said once each', async () => {
  const { windows, state, told, said, exchange: started } = setUp();
  state.up = false;
  windows.add(ada, call);
  started.start();
  await waitFor(() => said.length === 1, 'the trouble is said');
  windows.add(ada, call);
  state.up = true;
  await waitFor(() => told().includes(2), 'both calls are told');
  expect(said).toEqual(['usage is not shared', 'usage is shared again']);
  expect(windows.read(ada, call)).toMatchObject({ lag: 0, hour: { calls: 2 } });
});

test('the operator is not asked while no policy looks at usage', async () => {
  const { windows, reports, state, told, exchange: started } = setUp();
  state.wanted = false;
  windows.add(ada, call);
  started.start();
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(reports).toEqual([]);
  state.wanted = true;
  await waitFor(() => told().includes(1), 'what was counted meanwhile is told');
});

test('the end tells what is left, and that nobody has to wait for more', async () => {
  const { windows, reports, told, exchange: started } = setUp();
  started.start();
  await waitFor(() => reports.some(({ complete }) => complete), 'the operator knows this sidecar');
  windows.add(ada, call);
  await started.close();
  expect(told().at(-1)).toBe(1);
  expect(reports.at(-1)).toMatchObject({ ends: true, complete: true });
});
