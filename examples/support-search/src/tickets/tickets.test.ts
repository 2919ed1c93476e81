import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { formatTickets, generateTickets, type Ticket, toDocument, writeAccess } from './index.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const POLICY = 'config/policy-ticket-access.yaml';
const tickets = JSON.parse(read('data/tickets.json')) as Ticket[];

const SSN = /\b\d{3}-\d{2}-\d{4}\b/;
const MAIL = /\b[\w.]+@[\w.]+\b/g;
const CARD = /\b\d(?:[ -]?\d){14,15}\b/g;

function luhn(digits: string): boolean {
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const value = Number(digit) * (place % 2 === 0 ? 1 : 2);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

test('the committed tickets are what the generator writes (run src/tickets/main.ts after a change)', () => {
  expect(read('data/tickets.json')).toBe(formatTickets(generateTickets()));
});

test("the policy's access data are the tickets' groups", () => {
  expect(read(POLICY)).toBe(writeAccess(read(POLICY), generateTickets()));
  const policy = parse(read(POLICY)) as { spec: { data: { access: Record<string, string[]> } } };
  expect(policy.spec.data.access).toEqual(Object.fromEntries(tickets.map(({ id, access }) => [id, access])));
});

test('writing access data needs the markers', () => {
  expect(() => writeAccess('spec: {}', tickets)).toThrow('markers');
});

test('every ticket has an id of its own, several lines and at least one group', () => {
  expect(new Set(tickets.map((ticket) => ticket.id)).size).toBe(200);
  for (const { text, access } of tickets) {
    expect(text.split('\n').length).toBeGreaterThanOrEqual(3);
    expect(access.length).toBeGreaterThan(0);
    expect(text).not.toMatch(/[{}]/);
  }
});

test('a fifth is not ASCII and a third holds personal data', () => {
  const share = (is: (ticket: Ticket) => boolean) => tickets.filter(is).length / tickets.length;
  expect(share(({ text }) => /[^\x20-\x7e\n]/.test(text))).toBeCloseTo(0.2, 1);
  const personal = ({ text }: Ticket) => SSN.test(text) || text.search(MAIL) >= 0 || text.search(CARD) >= 0;
  expect(share(personal)).toBeCloseTo(0.33, 1);
});

test('personal data are of reserved domains and of numbers that nobody holds', () => {
  const all = tickets.map(({ text }) => text).join('\n');
  for (const mail of all.match(MAIL)!) expect(mail).toMatch(/^[a-z]+(\.[a-z]+)*@example\.(com|org|net)$/);
  const cards = all.match(CARD)!;
  for (const card of cards) expect(luhn(card.replace(/\D/g, ''))).toBe(true);
  expect(new Set(cards.map((card) => card[0]))).toEqual(new Set(['2', '3', '4', '5']));
  expect(all).toMatch(SSN);
});

test('medical tickets are for medical readers only, some others are shared', () => {
  for (const ticket of tickets.filter(({ team }) => team === 'medical')) {
    expect(ticket.access).toEqual(['medical-readers']);
  }
  expect(tickets.some(({ access }) => access.length > 1)).toBe(true);
});

test('a document holds no access groups', () => {
  expect(Object.keys(toDocument(tickets[0]!))).toEqual(['id', 'team', 'title', 'requester', 'text']);
});
