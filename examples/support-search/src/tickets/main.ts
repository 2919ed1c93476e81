import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { formatTickets, generateTickets, writeAccess } from './index.ts';

// Writes data/tickets.json and the access data of the ticket policy. Run it after changing the generator.
const root = new URL('../../', import.meta.url);
const policy = new URL('config/policy-ticket-access.yaml', root);
const tickets = generateTickets();
mkdirSync(new URL('data/', root), { recursive: true });
writeFileSync(new URL('data/tickets.json', root), formatTickets(tickets));
writeFileSync(policy, writeAccess(readFileSync(policy, 'utf8'), tickets));
process.stdout.write(`wrote ${tickets.length} tickets and their access groups\n`);
