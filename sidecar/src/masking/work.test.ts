import { afterEach, expect, jest, test } from '@jest/globals';
import { ENTITIES } from '@rankguard/contract';
import { createJsonReader } from '../json/index.ts';
import { createKernel } from '../kernel/index.ts';
import { createMasker } from './index.ts';

const kernel = createKernel();
const reader = createJsonReader({ kernel });
const masker = createMasker({
  kernel,
  createReader: () => createJsonReader({ kernel: createKernel() }),
  masking: {
    order: 'score-then-mask',
    fields: [],
    detectors: [{ entities: ENTITIES, with: 'redact' }],
    tokenKey: null,
  },
  tokenKey: null,
});

afterEach(() => {
  jest.restoreAllMocks();
});

/** Patterns tried, searches for a literal, pieces of text taken and their characters, for each byte of a body. */
function workOf(text: string): number {
  const documents = Array.from({ length: 20 }, () => ({ text: text.repeat(1000 / text.length) }));
  const bytes = Buffer.from(JSON.stringify({ documents }));
  const read = reader.read(bytes);
  if (!read.ok) throw new Error(read.message);
  let work = 0;
  const counted = (object: object, name: string) => {
    const own = (object as Record<string, (...args: unknown[]) => unknown>)[name]!;
    jest.spyOn(object as Record<string, () => unknown>, name).mockImplementation(function (
      this: unknown,
      ...args: unknown[]
    ) {
      const result = own.apply(this, args);
      work += 1 + (name === 'toString' ? String(result).length / 16 : 0);
      return result;
    });
  };
  counted(RegExp.prototype, 'exec');
  counted(Buffer.prototype, 'toString');
  for (const search of ['indexOf', 'lastIndexOf', 'includes']) counted(Buffer.prototype, search);
  masker.json(read.document, { queries: [], documents: [], results: [] }, []);
  jest.restoreAllMocks();
  return work / bytes.length;
}

test.each([
  'The order left the warehouse on Tuesday and the customer asked when it would be there. ',
  'Заказ ушёл со склада во вторник, и клиентка спросила, когда он будет. ',
  '注文は火曜日に倉庫を出て、 お客様はいつ届くかと尋ねました。',
  "Reset the password, then log in; it's [not] (yet) {done} & 5 % off! ",
])('prose is read by the kernel alone: %j', (text) => {
  expect(workOf(text)).toBe(0);
});

test.each([
  ['numbers', 'In 2010 it was 12 or 13, and 1,234 of 2 % in 3 years. ', 0.1],
  ['spellings', 'Tom &amp; Jerry&#39;s caf&eacute; in the old town by the river. ', 0.12],
  ['marks', 'Some **bold** text, `code` and <b>tags</b> of a page of a site. ', 0.25],
  ['signs', 'a @ b, [x] {y} (z) ~ ^ _ = and so on, as texts have them. ', 0.1],
])('%s without a value near cost little', (_, text, most) => {
  expect(workOf(text)).toBeLessThan(most);
});
