import { createRandom, type Random } from './random.ts';
import {
  CLOSINGS,
  DAYS,
  LINES_ABROAD,
  MAIL_DOMAINS,
  PEOPLE,
  PEOPLE_ABROAD,
  PLANS,
  TEAMS,
  type Team,
  TOPICS,
} from './words.ts';

export type { Team };

export interface Ticket {
  /** `T-1001` and up. */
  readonly id: string;
  readonly team: Team;
  readonly title: string;
  /** Who opened the ticket; made up. */
  readonly requester: string;
  /** Several lines. */
  readonly text: string;
  /** Groups that may see the ticket. This goes to the policy's data and never over the wire. */
  readonly access: readonly string[];
}

const SEED = 20261;
const COUNT = 200;
/** Groups of a team's tickets. Medical tickets are regulated: a group of their own. */
const GROUPS: Readonly<Record<Team, string>> = {
  billing: 'billing',
  identity: 'identity',
  platform: 'platform',
  medical: 'medical-readers',
};

/** Numbers that payment providers publish for tests: Visa, Mastercard, American Express, Mastercard 2-series. */
const TEST_CARDS = [
  '4111 1111 1111 1111',
  '5555 5555 5555 4444',
  '3782 822463 10005',
  '2223 0031 2200 3222',
  '4111111111111111',
  '5555-5555-5555-4444',
];
/** Numbers that became public in advertisements and were withdrawn by the SSA (www.ssa.gov/history/ssn/misused.html). */
const PUBLIC_SSNS = ['078-05-1120', '219-09-9999'];

/** A number of the right form in an area (773 and up) that was not assigned before 2011. */
function madeUpSsn(random: Random): string {
  const digits = (value: number, width: number) => String(value).padStart(width, '0');
  return `${random.between(773, 899)}-${digits(random.between(1, 99), 2)}-${digits(random.between(1, 9999), 4)}`;
}

function mailOf(person: string, random: Random): string {
  const name = person
    .normalize('NFKD')
    .replace(/[^A-Za-z ]/g, '')
    .trim()
    .toLowerCase()
    .replace(/ +/g, '.');
  return `${name === '' ? 'customer' : name}@${random.pick(MAIL_DOMAINS)}`;
}

/** One to three lines of personal data, the kind people paste into tickets. */
function personalLines(person: string, random: Random): string[] {
  const lines = [
    `Reach the customer at ${mailOf(person, random)}, not by phone.`,
    `Identity was checked with SSN ${random.chance(0.25) ? random.pick(PUBLIC_SSNS) : madeUpSsn(random)}.`,
    `Card on file: ${random.pick(TEST_CARDS)}.`,
  ];
  const first = random.between(0, 2);
  return Array.from({ length: random.between(1, 3) }, (_, step) => lines[(first + step) % 3]!);
}

/** Fills the gaps of one ticket's templates: title and lines speak of the same invoice and day. */
function createFill(random: Random): (template: string) => string {
  const values: Readonly<Record<string, string>> = {
    plan: random.pick(PLANS),
    day: random.pick(DAYS),
    money: `${random.between(9, 480)}.${random.pick(['00', '50', '90'])} EUR`,
    number: String(random.between(10_000, 99_999)),
  };
  return (template) => template.replace(/\{(\w+)\}/g, (_, name: string) => values[name]!);
}

function createTicket(position: number, random: Random): Ticket {
  const team = TEAMS[position % TEAMS.length]!;
  const topic = random.pick(TOPICS[team]);
  const fill = createFill(random);
  // Every fifth ticket is not ASCII and every third holds personal data, evenly over the teams.
  const abroad = position % 5 === 0;
  const person = random.pick(abroad ? PEOPLE_ABROAD : PEOPLE);
  const lines = [
    ...topic.lines.map(fill),
    ...(abroad ? [random.pick(LINES_ABROAD)] : []),
    ...(position % 3 === 0 ? personalLines(person, random) : []),
    random.pick(CLOSINGS),
  ];
  // Some tickets are shared with a second team; medical tickets never are.
  const shared = team !== 'medical' && position % 10 === 1 ? [random.pick(['billing', 'platform'])] : [];
  return {
    id: `T-${1001 + position}`,
    team,
    title: fill(topic.title),
    requester: person,
    text: lines.join('\n'),
    access: [...new Set([GROUPS[team], ...shared])],
  };
}

/** The tickets of the example: always the same ones. */
export function generateTickets(): readonly Ticket[] {
  const random = createRandom(SEED);
  return Array.from({ length: COUNT }, (_, position) => createTicket(position, random));
}

/** What a search system sends as one candidate: the ticket without its access groups. */
export function toDocument({ id, team, title, requester, text }: Ticket) {
  return { id, team, title, requester, text };
}

/** The content of data/tickets.json, laid out as the project's formatter does it. */
export function formatTickets(tickets: readonly Ticket[]): string {
  const member = ([name, value]: [string, unknown]) => {
    const list = Array.isArray(value) ? `[${value.map((item) => JSON.stringify(item)).join(', ')}]` : null;
    return `    ${JSON.stringify(name)}: ${list ?? JSON.stringify(value)}`;
  };
  const objects = tickets.map((ticket) => `  {\n${Object.entries(ticket).map(member).join(',\n')}\n  }`);
  return `[\n${objects.join(',\n')}\n]\n`;
}

const BEGIN = '# BEGIN generated by src/tickets/main.ts';
const END = '# END generated';

/** Writes the access groups by ticket id between the markers of a policy's YAML; the rest stays as it is. */
export function writeAccess(yaml: string, tickets: readonly Ticket[]): string {
  const begin = yaml.indexOf(BEGIN);
  const end = yaml.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the markers "${BEGIN}" and "${END}" are missing`);
  const indent = yaml.slice(yaml.lastIndexOf('\n', begin) + 1, begin);
  const lines = tickets.map(({ id, access }) => `${indent}${id}: [${access.join(', ')}]\n`);
  return `${yaml.slice(0, begin)}${BEGIN}\n${lines.join('')}${indent}${yaml.slice(end)}`;
}
