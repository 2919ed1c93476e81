import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { EXIT } from '@rankguard/cli';
import { rankguard } from './io.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rankguard-eval-'));
});

async function score(lines: readonly object[]) {
  const file = join(folder, 'cases.jsonl');
  await writeFile(file, lines.map((line) => JSON.stringify(line)).join('\n'));
  return rankguard(['mask', 'eval', '--json', file]);
}

describe('mask eval', () => {
  test('counts values that are covered, whatever they are found as, and benign characters', async () => {
    const ran = await score([
      { text: 'to joe@example.com, now', spans: [[3, 18, 'EMAIL_ADDRESS']] },
      { text: 'Joe and 4111 1111 1111 1111', spans: [[0, 3, 'PERSON']] },
    ]);
    expect(ran.code).toBe(EXIT.ok);
    const { entities, benign } = JSON.parse(ran.stdout);
    expect(entities).toEqual([
      { entity: 'EMAIL_ADDRESS', values: 1, masked: 1, absent: 0, kept: 0 },
      { entity: 'PERSON', values: 1, masked: 0, absent: 0, kept: 0 },
    ]);
    expect(benign).toEqual({ all: 24, masked: 16 });
  });

  test('a text that is labelled for one entity must not hold it without a span', async () => {
    const ran = await score([
      { text: '4111 1111 1111 1112', entity: 'CREDIT_CARD', spans: [] },
      { text: '4111 1111 1111 1111', entity: 'CREDIT_CARD', spans: [] },
      { text: '4111 1111 1111 1111', entity: 'CREDIT_CARD', spans: [[0, 19]] },
    ]);
    expect(JSON.parse(ran.stdout).entities).toEqual([
      { entity: 'CREDIT_CARD', values: 1, masked: 1, absent: 2, kept: 1 },
    ]);
    expect(JSON.parse(ran.stdout).benign).toEqual({ all: 0, masked: 0 });
  });

  test('a line that is no case is named', async () => {
    const ran = await score([
      { text: 'a', spans: [] },
      { text: 'a', spans: [[0, 9, 'X']] },
    ]);
    expect(ran.code).toBe(EXIT.data);
    expect(ran.stderr).toContain('cases.jsonl:2: expected');
  });
});
