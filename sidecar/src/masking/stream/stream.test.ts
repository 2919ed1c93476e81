import { describe, expect, test } from '@jest/globals';
import { ENTITIES } from '@rankguard/contract';
import fc from 'fast-check';
import { createJsonReader } from '../../json/index.ts';
import { createKernel } from '../../kernel/index.ts';
import { createMasker, createStreamMasker, type StreamKind } from '../index.ts';

const createReader = () => createJsonReader({ kernel: createKernel() });
const masker = createMasker({
  kernel: createKernel(),
  createReader,
  masking: {
    order: 'score-then-mask',
    fields: [{ names: ['password'], paths: [], facts: [], with: 'redact' }],
    detectors: [{ entities: ENTITIES, with: 'redact' }],
    tokenKey: null,
  },
  tokenKey: null,
});

const readers = [createReader(), createReader()];

function run(kind: StreamKind | null, chunks: readonly Uint8Array[]): string {
  let next = 0;
  const stream = createStreamMasker({ masker, createReader: () => readers[next++]!, kind });
  return Buffer.concat([...chunks.map((chunk) => stream.push(chunk)), stream.end()]).toString();
}

const sse = (events: readonly unknown[]) =>
  `${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}data: [DONE]\n\n`;

const content = (piece: string, index = 0) => ({
  id: 'chatcmpl-1',
  choices: [{ index, delta: { content: piece }, finish_reason: null }],
});
const finished = (index = 0) => ({ choices: [{ index, delta: {}, finish_reason: 'stop' }] });

/** What a client puts together from a stream of OpenAI's chat completions, by choice. */
function assembled(stream: string): Record<number, string> {
  const texts: Record<number, string> = {};
  for (const line of stream.split('\n')) {
    if (!line.startsWith('data: {')) continue;
    const event = JSON.parse(line.slice(6));
    for (const { index, delta } of event.choices) {
      texts[index] = (texts[index] ?? '') + (delta.content ?? '');
    }
  }
  return texts;
}

const TEXT =
  'Dear Zoë, write to jane.roe@example.com or 219-45-6780; the card 4111 1111 1111 1111 is charged 12.50 € in 2024. 東京 😀 ok';
const MASKED =
  'Dear Zoë, write to <EMAIL_ADDRESS> or <US_SSN>; the card <CREDIT_CARD> is charged 12.50 € in 2024. 東京 😀 ok';

describe('a stream', () => {
  test('of text gives the same for every cut in two, at every byte', () => {
    const bytes = Buffer.from(TEXT);
    for (let at = 0; at <= bytes.length; at++) {
      expect(run('text', [bytes.subarray(0, at), bytes.subarray(at)])).toBe(MASKED);
    }
    expect(
      run(
        'text',
        Array.from(bytes, (byte) => Buffer.from([byte])),
      ),
    ).toBe(MASKED);
  });

  test('of events gives the same for every cut in two, at every byte', () => {
    const bytes = Buffer.from(sse([content('Hi '), content('jane@exa'), content('mple.com é'), finished()]));
    const whole = run('openai-chat', [bytes]);
    expect(assembled(whole)).toEqual({ 0: 'Hi <EMAIL_ADDRESS> é' });
    for (let at = 0; at <= bytes.length; at++) {
      expect(run('openai-chat', [bytes.subarray(0, at), bytes.subarray(at)])).toBe(whole);
    }
  });

  test('gives the same text however the model cuts it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: TEXT.length }), { maxLength: 40 }), (cuts) => {
        const pieces: string[] = [];
        let from = 0;
        for (const cut of [...cuts, TEXT.length].toSorted((a, b) => a - b)) {
          // A pair of surrogates is one character to a model.
          const to = /[\udc00-\udfff]/.test(TEXT[cut] ?? '') ? cut + 1 : cut;
          pieces.push(TEXT.slice(from, Math.max(from, to)));
          from = Math.max(from, to);
        }
        const events = [...pieces.map((piece) => content(piece)), finished()];
        expect(assembled(run(null, [Buffer.from(sse(events))]))).toEqual({ 0: MASKED });
      }),
      { numRuns: 300 },
    );
  });

  test('waits for the words that tell two numbers apart', () => {
    const text = 'account 12345678901 4111 1111 1111 1111 card';
    const bytes = Array.from(Buffer.from(text), (byte) => Buffer.from([byte]));
    expect(run('text', bytes)).toBe(masker.string(text));
  });

  test('keeps choices apart', () => {
    const events = [
      content('jane@', 0),
      content('4111 1111 ', 1),
      content('example.com', 0),
      content('1111 1111', 1),
    ];
    const out = run('openai-chat', [Buffer.from(sse([...events, finished(0), finished(1)]))]);
    expect(assembled(out)).toEqual({ 0: '<EMAIL_ADDRESS>', 1: '<CREDIT_CARD>' });
  });

  test('delays ordinary prose by one token at most', () => {
    const stream = createStreamMasker({ masker, createReader, kind: 'text' });
    const tokens = 'In the year 2024 our team , as ever , wrote about I and A . '.split(/(?<= )/);
    let out = '';
    for (const [place, token] of tokens.entries()) {
      out += stream.push(Buffer.from(token)).toString();
      expect(out.length).toBeGreaterThanOrEqual(tokens.slice(0, place).join('').length);
    }
  });

  test('without values passes byte for byte, comments, line ends and all', () => {
    const text =
      ': ping\r\n\r\nevent: x\r\nid: 7\r\ndata: {"type" : "ping",\r\ndata:  "n": 1.0}\r\n\r\ndata:[DONE]\r\n\r\n';
    expect(run('openai-chat', [Buffer.from(text)])).toBe(text);
  });

  test('masks the arguments of a tool call as the JSON they are', () => {
    const call = (piece: string, more = {}) => ({
      choices: [{ index: 0, delta: { tool_calls: [{ index: 0, ...more, function: { arguments: piece } }] } }],
    });
    const events = [
      call('', { id: 'call_1' }),
      call('{"to": "jane\\u0040exa'),
      call('mple.com", "pass'),
      call('word": "x", "n": 1.0}'),
    ];
    const out = run('openai-chat', [Buffer.from(sse([...events, finished()]))]);
    const pieces = [...out.matchAll(/"arguments":("(?:[^"\\]|\\.)*")/g)].map(([, text]) => JSON.parse(text!));
    expect(pieces.join('')).toBe('{"to": "<EMAIL_ADDRESS>", "password": "<REDACTED>", "n": 1.0}');
  });

  test.each<[string, StreamKind, unknown[]]>([
    [
      'Anthropic',
      'anthropic',
      [
        {
          type: 'content_block_start',
          index: 0,
          content_block: { type: 'thinking', thinking: '', signature: '' },
        },
        {
          type: 'content_block_delta',
          index: 0,
          delta: { type: 'thinking_delta', thinking: 'ask jane@exa' },
        },
        { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'mple.com' } },
        { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'c2lnbmVk' } },
        { type: 'content_block_stop', index: 0 },
        { type: 'message_stop' },
      ],
    ],
    [
      'OpenAI Responses',
      'openai-responses',
      [
        {
          type: 'response.output_text.delta',
          item_id: 'm',
          output_index: 0,
          content_index: 0,
          delta: 'jane@',
        },
        {
          type: 'response.output_text.delta',
          item_id: 'm',
          output_index: 0,
          content_index: 0,
          delta: 'example.com',
        },
        {
          type: 'response.output_text.done',
          item_id: 'm',
          output_index: 0,
          content_index: 0,
          text: 'jane@example.com',
        },
        { type: 'response.completed', response: { output: [{ content: [{ text: 'jane@example.com' }] }] } },
      ],
    ],
    [
      'Cohere',
      'cohere-chat',
      [
        { type: 'content-delta', index: 0, delta: { message: { content: { text: 'jane@example' } } } },
        { type: 'content-delta', index: 0, delta: { message: { content: { text: '.com' } } } },
        { type: 'content-end', index: 0 },
        { type: 'citation-start', index: 0, delta: { message: { citations: { text: 'jane@example.com' } } } },
        { type: 'message-end', delta: { finish_reason: 'COMPLETE' } },
      ],
    ],
  ])('of %s shows no piece of a value, nor a copy, nor what vouches for it', (_, kind, events) => {
    const out = run(kind, [Buffer.from(sse(events))]);
    expect(out).toContain('<EMAIL_ADDRESS>');
    expect(out).not.toMatch(/jane|xam|c2lnbmVk/);
  });

  test('of JSON Lines is told by its first character', () => {
    const lines =
      '{"message":{"content":"jane@"},"done":false}\n{"message":{"content":"example.com"},"done":false}\n{"message":{"content":""},"done":true}\n';
    const out = run(null, [Buffer.from(lines)]);
    expect(out).not.toMatch(/jane|example/);
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).message.content)
        .join(''),
    ).toBe('<EMAIL_ADDRESS>');
  });

  test('that cannot be read does not pass', () => {
    expect(() => run('openai-chat', [Buffer.from('data: {"a": "jane@example.com\n\n')])).toThrow(
      /event of the stream/,
    );
    expect(() => run('text', [Buffer.from([0x61, 0xff])])).toThrow(/UTF-8/);
  });

  test('that never ends a word or a key is masked, not released', () => {
    const key = `-----BEGIN PRIVATE KEY-----\n${'QUJD'.repeat(6000)}`;
    expect(run('text', [Buffer.from(key)])).not.toContain('QUJD');
    const word = 'x'.repeat(5000);
    expect(
      run(
        'text',
        [...`${word} and on`].map((letter) => Buffer.from(letter)),
      ),
    ).toBe('<REDACTED> and on');
  });
});
