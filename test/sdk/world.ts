import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createIssuer,
  createReranker,
  generateTickets,
  type JournalEntry,
  type Ticket,
  toDocument,
} from '@rankguard/example-support-search';
import { type LogLine, startRun, stateFolder, temporaryFolder } from '../lifecycle/process.ts';
import { waitFor } from '../support/wait.ts';

const CONFIG = join(import.meta.dirname, '../../examples/support-search/config');
/** What the example's Secret holds and what its connection names; see config/. */
const RERANKER_KEY = 'demo-only-not-a-secret';
const COMMITTED_ISSUER = 'http://127.0.0.1:9400';

/** The example as it is: its reranker, a real OIDC issuer, its configuration in a sidecar of its own process. */
export interface World {
  /** Where callers connect. */
  readonly url: string;
  /** What the reranker received since the last `fresh`. */
  readonly received: readonly JournalEntry[];
  token(person: string): Promise<string>;
  fresh(): Promise<void>;
  /** Records of all calls since the last `fresh`. */
  calls(): Promise<readonly LogLine[]>;
  close(): Promise<void>;
}

export async function createWorld(): Promise<World> {
  const received: JournalEntry[] = [];
  const reranker = createReranker({ apiKey: RERANKER_KEY, journal: (entry) => void received.push(entry) });
  const upstream = await reranker.listen(0, '127.0.0.1');
  const issuer = await createIssuer();
  const config = temporaryFolder();
  const folder = temporaryFolder();
  for (const name of readdirSync(CONFIG)) {
    const text = readFileSync(join(CONFIG, name), 'utf8').replaceAll(COMMITTED_ISSUER, issuer.url);
    writeFileSync(join(config.path, name), text);
  }
  const run = await startRun({ config: config.path, upstream, state: stateFolder(folder.path) });
  const tokens = new Map<string, Promise<string>>();
  let before = 0;

  /** All records; one is written when its answer has gone, so the caller may be faster. */
  async function records(): Promise<readonly LogLine[]> {
    const { text } = await run.admin('/metrics');
    const counted = [...text.matchAll(/^rankguard_calls_total\{.*\} (\d+)$/gm)];
    const finished = counted.reduce((sum, [, count]) => sum + Number(count), 0);
    const written = () => run.lines.filter(({ msg }) => msg === 'call');
    return waitFor(() => written().length >= finished && written(), `${finished} records`);
  }
  return {
    url: `http://127.0.0.1:${run.port}`,
    received,
    token(person) {
      const known = tokens.get(person) ?? issuer.token(person);
      tokens.set(person, known);
      return known;
    },
    async fresh() {
      received.length = 0;
      before = (await records()).length;
    },
    calls: async () => (await records()).slice(before),
    async close() {
      await run.kill();
      await reranker.close();
      await issuer.close();
      config.remove();
      folder.remove();
    },
  };
}

const TICKETS = generateTickets();

export function ticketsOf(team: string, count: number): readonly Ticket[] {
  return TICKETS.filter((ticket) => ticket.team === team).slice(0, count);
}

/** Tickets that hold personal data of every kind. */
export function personalTickets(team: string): readonly Ticket[] {
  return ticketsOf(team, 50).filter(({ text }) => personalIn(text).length > 0);
}

export const asText = (ticket: Ticket) => JSON.stringify(toDocument(ticket));

export function personalIn(text: string): readonly string[] {
  const kinds = [
    /\b[\w.]+@example\.(?:com|org|net)\b/g,
    /\b\d{3}-\d{2}-\d{4}\b/g,
    /\b\d(?:[ -]?\d){14,15}\b/g,
  ];
  return kinds.flatMap((pattern) => text.match(pattern) ?? []);
}

/** Tickets of two teams in one list, the second team's between the first's. */
export function mixed(): readonly Ticket[] {
  const own = ticketsOf('billing', 4);
  const other = ticketsOf('platform', 40).filter(({ access }) => !access.includes('billing'));
  return [other[0]!, own[0]!, own[1]!, other[1]!, own[2]!, other[2]!, own[3]!];
}

/** Places of a team's tickets in a list. */
export function placesOf(team: string, tickets: readonly Ticket[]): readonly number[] {
  return tickets.flatMap(({ access }, place) => (access.includes(team) ? [place] : []));
}
