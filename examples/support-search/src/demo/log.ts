import { readFileSync } from 'node:fs';
import { generateTickets, PEOPLE } from '../index.ts';
import { waitFor } from './processes.ts';
import { type Finding, personalData, type Step } from './steps.ts';
import type { World } from './world.ts';

/** Every value of the example that must not be in a log. */
function forbidden(): readonly string[] {
  const tickets = generateTickets();
  return [
    ...tickets.flatMap(({ text }) => personalData(text)),
    ...tickets.map(({ requester }) => requester),
    ...PEOPLE.map(({ secret }) => secret),
    // Ours and the callers' credentials: a JWT starts with the base64 of `{"`.
    'demo-only-not-a-secret',
    'eyJ',
  ];
}

async function search(world: World): Promise<Finding> {
  const file = world.processes.running.find(({ name }) => name === 'rankguard')?.logFile ?? '';
  const records = await waitFor(
    async () => {
      const lines = readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line.includes('"verdict"'));
      return lines.length >= 15 ? lines.length : undefined;
    },
    { what: 'a log line for each call', seconds: 10 },
  );
  const log = readFileSync(file, 'utf8');
  const found = [...new Set(forbidden())].filter((value) => log.includes(value));
  return {
    got: `${records} records, ${found.length === 0 ? 'none of it' : `${found.length} values`}`,
    failures: found.length === 0 ? [] : ['the log holds nothing personal and no credential'],
    detail: { file, found },
  };
}

/** After all calls: one record each, and nothing in them that was masked or is a secret. */
export const LOG: Step = {
  what: 'Look for personal data, names and tokens in the sidecar’s log',
  who: 'you',
  expected: 'a record for each call, none of it in them',
  run: search,
};
