import type { IncomingMessage } from 'node:http';
import { type Json, json, type Reply, readBody } from '../http.ts';
import type { JournalEntry } from '../journal.ts';
import type { Scorer } from '../scorer.ts';
import type { Speech } from './types.ts';

export interface SpeakerOptions {
  readonly scorer: Scorer;
  readonly payloadLimit: number;
  readonly apiKey?: string | null;
  readonly journal?: (entry: JournalEntry) => void;
}

/** Answers requests as a server of one API does. */
export function createSpeaker(speech: Speech, options: SpeakerOptions) {
  const { scorer, payloadLimit, apiKey, journal } = options;
  const [keyName, keyValue] = speech.key(apiKey ?? '');

  function credentialOf(request: IncomingMessage): JournalEntry['credential'] {
    const given = request.headers[keyName];
    if (given === undefined) return 'none';
    return given === keyValue ? 'own' : 'other';
  }

  function answerPost(path: string, body: Buffer): Reply {
    const endpoint = speech.endpoints.find((each) => each.path.test(path));
    if (endpoint === undefined) return speech.error(404, 'not found');
    const read = parse(body);
    if (read === undefined) return speech.error(400, 'the body is not JSON');
    return endpoint.answer(read, (endpoint.path.exec(path) ?? []).slice(1), scorer);
  }

  return async function answer(request: IncomingMessage): Promise<Reply> {
    const path = (request.url ?? '/').split('?', 1)[0]!;
    if (request.method !== 'POST') {
      request.resume();
      const isHealth = request.method === 'GET' && speech.health.includes(path);
      return isHealth ? json(200, {}) : speech.error(404, 'not found');
    }
    const body = await readBody(request, payloadLimit);
    const credential = credentialOf(request);
    journal?.({
      time: new Date().toISOString(),
      method: 'POST',
      path,
      credential,
      headers: Object.keys(request.headers).sort(),
      body: body?.toString('utf8') ?? '',
    });
    if (apiKey && credential !== 'own') return speech.error(401, 'invalid credential');
    return body === undefined ? speech.error(413, 'the body is too large') : answerPost(path, body);
  };
}

function parse(body: Buffer): Json | undefined {
  try {
    return JSON.parse(body.toString('utf8')) as Json;
  } catch {
    return undefined;
  }
}
