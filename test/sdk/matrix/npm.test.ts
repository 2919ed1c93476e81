import { describe } from '@jest/globals';
import { CLIENTS } from './clients.ts';
import { describeClient } from './expectations.ts';

describe.each(CLIENTS.map((client) => [client.name, client] as const))('npm: %s', (_, client) => {
  describeClient(client);
});
