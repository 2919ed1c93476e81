import { describe } from '@jest/globals';
import { PYTHON_CLIENTS } from './clients.ts';
import { describeClient } from './expectations.ts';
import { hasPython, makePythonEnvironment } from './python.ts';

const describeIfPython = hasPython ? describe : describe.skip;

describeIfPython.each(PYTHON_CLIENTS.map((client) => [client.name, client] as const))(
  'Python: %s',
  (_, client) => {
    describeClient(client, makePythonEnvironment);
  },
);
