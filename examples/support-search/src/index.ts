export {
  AUDIENCE,
  createIssuer,
  fetchToken,
  type Issuer,
  type IssuerOptions,
  PEOPLE,
} from './issuer/index.ts';
export {
  createReranker,
  type JournalEntry,
  type Reranker,
  type RerankerOptions,
  SPEECHES,
  type SpeechName,
} from './reranker/index.ts';
export { generateTickets, type Team, type Ticket, toDocument } from './tickets/index.ts';
