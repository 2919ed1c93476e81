import type { Ticket } from '../index.ts';
import { asText, cohereV1, cohereV2, type Outcome, post, TICKETS, ticketsOf } from './calls.ts';
import type { World } from './world.ts';

/** What came out of a step: `failures` names the expectations that do not hold. */
export interface Finding {
  readonly got: string;
  readonly failures: readonly string[];
  /** Lines worth showing below the table. */
  readonly shown?: readonly string[];
  /** What to print when something failed. */
  readonly detail?: unknown;
}

export interface Step {
  readonly what: string;
  readonly who: string;
  readonly expected: string;
  run(world: World): Promise<Finding>;
}

const QUERY = 'refund for a cancelled plan';
const PERSONAL = {
  'e-mail addresses': /\b[\w.]+@example\.(?:com|org|net)\b/g,
  'social security numbers': /\b\d{3}-\d{2}-\d{4}\b/g,
  'card numbers': /\b\d(?:[ -]?\d){14,15}\b/g,
};

export function personalData(text: string): readonly string[] {
  return Object.values(PERSONAL).flatMap((pattern) => text.match(pattern) ?? []);
}

/** The names of the checks that do not hold. */
function failing(checks: Readonly<Record<string, boolean>>): readonly string[] {
  return Object.entries(checks)
    .filter(([, holds]) => !holds)
    .map(([name]) => name);
}

/** Tickets of a team that together hold every kind of personal data. */
function personalTickets(team: string): readonly Ticket[] {
  return ticketsOf(team, 50)
    .filter(({ text }) => personalData(text).length > 0)
    .slice(0, 6);
}

/** A refusal, and that nothing of the call reached the reranker. */
function refusal(
  expect: { status: number; code: string },
  call: (world: World) => Promise<Outcome>,
): Step['run'] {
  return async (world) => {
    const before = world.journal().length;
    const outcome = await call(world);
    const reached = world.journal().length - before;
    return {
      got: `${outcome.status} ${outcome.code ?? ''}, ${reached === 0 ? 'nothing reached the reranker' : 'it reached the reranker'}`,
      failures: failing({
        [`status ${expect.status}`]: outcome.status === expect.status,
        [`code ${expect.code}`]: outcome.code === expect.code,
        'an explanation': outcome.explanation.length > 10,
        'nothing reached the reranker': reached === 0,
      }),
      shown: [outcome.explanation],
      detail: outcome,
    };
  };
}

const around: Step = {
  what: 'Call the reranker directly, past the sidecar',
  who: 'ana',
  expected: '401: only the sidecar has its key',
  async run(world) {
    const body = { query: QUERY, texts: ['anything'] };
    const outcome = await post({ url: `${world.reranker}/rerank`, token: await world.token('ana'), body });
    return {
      got: String(outcome.status),
      failures: failing({ 'status 401': outcome.status === 401 }),
      detail: outcome,
    };
  },
};

const masked: Step = {
  what: 'Rank billing tickets with the cohere-ai SDK (v1) and have them echoed',
  who: 'ana',
  expected: 'all ranked, personal data masked',
  async run(world) {
    const tickets = personalTickets('billing');
    const before = world.journal().length;
    const outcome = await cohereV1(world, { token: await world.token('ana'), query: QUERY, tickets });
    const [received] = world.journal().slice(before);
    const echoed = outcome.results.map(({ document }) => JSON.stringify(document)).join('\n');
    const sent = personalData(tickets.map(({ text }) => text).join('\n')).length;
    const left = personalData(echoed).length;
    const names = tickets.filter(({ requester }) => echoed.includes(requester)).length;
    const lines = sampleLines(tickets, outcome);
    return {
      got: `${outcome.results.length} of ${tickets.length} ranked; ${sent} personal values sent, ${left} came back`,
      failures: failing({
        'status 200': outcome.status === 200,
        'every ticket is ranked once': isPermutation(outcome, tickets.length),
        'every answer echoes its ticket': outcome.results.every(
          ({ index, document }) => document?.['id'] === tickets[index]?.id,
        ),
        'every kind of personal data was sent': Object.values(PERSONAL).every((kind) =>
          tickets.some(({ text }) => text.search(kind) >= 0),
        ),
        'no personal data came back': left === 0,
        'no requester came back': names === 0,
        'the reranker received no personal data':
          personalData(received?.body ?? 'missing@example.com').length === 0,
        "the reranker received the sidecar's key": received?.credential === 'own',
      }),
      shown: lines,
      detail: { outcome, received },
    };
  },
};

/** One line as it was sent and as it came back. */
function sampleLines(tickets: readonly Ticket[], outcome: Outcome): readonly string[] {
  for (const [index, ticket] of tickets.entries()) {
    const lines = ticket.text.split('\n');
    const place = lines.findIndex((line) => line.includes('SSN'));
    const echo = outcome.results.find((result) => result.index === index)?.document?.['text'];
    if (place >= 0 && echo !== undefined) {
      return [`sent      ${lines[place]}`, `came back ${echo.split('\n')[place] ?? ''}`];
    }
  }
  return [];
}

function isPermutation({ results }: Outcome, count: number): boolean {
  return results.length === count && new Set(results.map(({ index }) => index)).size === count;
}

const lead: Step = {
  what: 'The same as a team lead: a policy shows leads who asked',
  who: 'lea',
  expected: 'names visible, the rest masked',
  async run(world) {
    const tickets = personalTickets('billing');
    const outcome = await cohereV1(world, { token: await world.token('lea'), query: QUERY, tickets });
    const names = outcome.results.filter(
      ({ index, document }) => document?.['requester'] === tickets[index]?.requester,
    ).length;
    const left = personalData(
      outcome.results.map(({ document }) => JSON.stringify(document)).join('\n'),
    ).length;
    return {
      got: `${names} of ${tickets.length} names, ${left} other personal values`,
      failures: failing({
        'status 200': outcome.status === 200,
        'every requester is visible': names === tickets.length,
        'no other personal data came back': left === 0,
      }),
      detail: outcome,
    };
  },
};

const otherTeam: Step = {
  what: 'Mix in tickets of another team (TEI, plain HTTP)',
  who: 'ana',
  expected: 'dropped before scoring, indices right',
  async run(world) {
    const own = ticketsOf('billing', 3);
    const foreign = ticketsOf('platform', 40).filter(({ access }) => !access.includes('billing'));
    const tickets = [foreign[0]!, own[0]!, foreign[1]!, own[1]!, own[2]!];
    const before = world.journal().length;
    const outcome = await post({
      url: `${world.sidecar}/rerank`,
      token: await world.token('ana'),
      body: { query: QUERY, texts: tickets.map(asText), return_text: true },
    });
    const [received] = world.journal().slice(before);
    const texts = received ? ((JSON.parse(received.body) as { texts: string[] }).texts ?? []) : [];
    const ids = texts.map((text) => (JSON.parse(text) as { id: string }).id);
    const indices = outcome.results.map(({ index }) => index);
    return {
      got: `the reranker received ${ids.length} of ${tickets.length}; indices ${indices.join(', ')}`,
      failures: failing({
        'status 200': outcome.status === 200,
        'the reranker received own tickets only': ids.join() === own.map(({ id }) => id).join(),
        'indices are those of the list that was sent': [...indices].sort().join() === '1,3,4',
        'each index carries its own text': outcome.results.every(({ index, document }) =>
          (document?.['text'] ?? '').includes(tickets[index]?.id ?? 'none'),
        ),
      }),
      shown: [
        `sent      ${tickets.map(({ id, team }) => `${id} (${team})`).join(', ')}`,
        `received  ${ids.map((id) => `${id} (${TICKETS.get(id)?.team ?? 'unknown'})`).join(', ')}`,
      ],
      detail: { outcome, received },
    };
  },
};

const topN: Step = {
  what: 'Both teams’ tickets, the best two (SDK v2)',
  who: 'omar',
  expected: 'two platform tickets',
  async run(world) {
    const tickets = [...ticketsOf('billing', 4), ...ticketsOf('platform', 4)];
    const query = 'search is slow in the evening';
    const outcome = await cohereV2(world, { token: await world.token('omar'), query, tickets, topN: 2 });
    const found = outcome.results.map(({ index }) => tickets[index]);
    return {
      got: found.map((ticket) => `${ticket?.id} (${ticket?.team})`).join(', ') || String(outcome.status),
      failures: failing({
        'two results': outcome.results.length === 2,
        'only tickets that omar may see': found.every(
          (ticket) => ticket?.access.includes('platform') === true,
        ),
        'scores never increase': (outcome.results[0]?.score ?? 0) >= (outcome.results[1]?.score ?? 1),
      }),
      detail: outcome,
    };
  },
};

const medicalQuery = 'claim rejected by the insurance';

const medicalMember: Step = {
  what: 'The same data set, as a member',
  who: 'mia',
  expected: 'ranked',
  async run(world) {
    const tickets = ticketsOf('medical', 5);
    const token = await world.token('mia');
    const outcome = await cohereV2(world, { token, query: medicalQuery, tickets, dataset: 'medical' });
    return {
      got: outcome.status === 200 ? `${outcome.results.length} of 5 ranked` : outcome.explanation,
      failures: failing({
        'status 200': outcome.status === 200,
        'five results': outcome.results.length === 5,
      }),
      detail: outcome,
    };
  },
};

const simpleBody = { query: QUERY, texts: ticketsOf('billing', 2).map(asText) };

/** The steps before anything is edited, in the order of the story. */
export const STEPS: readonly Step[] = [
  around,
  masked,
  lead,
  otherTeam,
  topN,
  {
    what: 'Search the regulated data set “medical” (SDK v2)',
    who: 'ana',
    expected: '403 DATASET_FORBIDDEN',
    run: refusal({ status: 403, code: 'DATASET_FORBIDDEN' }, async (world) =>
      cohereV2(world, {
        token: await world.token('ana'),
        query: medicalQuery,
        tickets: ticketsOf('medical', 5),
        dataset: 'medical',
      }),
    ),
  },
  medicalMember,
  {
    what: 'Ask for the social-security number of a customer (SDK v1)',
    who: 'ana',
    expected: '403 SENSITIVE_QUERY',
    run: refusal({ status: 403, code: 'SENSITIVE_QUERY' }, async (world) =>
      cohereV1(world, {
        token: await world.token('ana'),
        query: 'social-security number of Ada Brook',
        tickets: ticketsOf('billing', 2),
      }),
    ),
  },
  {
    what: 'No token (plain HTTP)',
    who: 'nobody',
    expected: '401 TOKEN_MISSING',
    run: refusal({ status: 401, code: 'TOKEN_MISSING' }, (world) =>
      post({ url: `${world.sidecar}/rerank`, token: null, body: simpleBody }),
    ),
  },
  {
    what: 'A real token that was issued for another service',
    who: 'ana',
    expected: '401 TOKEN_AUDIENCE',
    run: refusal({ status: 401, code: 'TOKEN_AUDIENCE' }, async (world) =>
      post({ url: `${world.sidecar}/rerank`, token: await world.token('ana', 'other'), body: simpleBody }),
    ),
  },
  {
    what: 'A valid token, but no group that may search',
    who: 'ivo',
    expected: '403 NOT_ALLOWED',
    run: refusal({ status: 403, code: 'NOT_ALLOWED' }, async (world) =>
      post({ url: `${world.sidecar}/rerank`, token: await world.token('ivo'), body: simpleBody }),
    ),
  },
  {
    what: 'A route that the connection does not have',
    who: 'ana',
    expected: '403 ROUTE_NOT_ALLOWED',
    run: refusal({ status: 403, code: 'ROUTE_NOT_ALLOWED' }, async (world) =>
      post({ url: `${world.sidecar}/embed`, token: await world.token('ana'), body: { inputs: 'x' } }),
    ),
  },
];
