import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ENTITIES, type ResolvedMasking } from '@rankguard/contract';
import { createJsonReader } from '@rankguard/sidecar/json';
import { createKernel } from '@rankguard/sidecar/kernel';
import { createMasker } from '@rankguard/sidecar/masking';

const PRESIDIO = '2.2.366';
const root = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
/** The share of a value's letters and digits that must be covered. */
const ENOUGH = 0.95;
const COUNTED = /[\p{L}\p{N}]/u;
const ROUNDS = 8;
/** Texts of one answer of a reranker. */
const TEXTS = 50;
const NOWHERE = { queries: [], documents: [], results: [] };

type Place = readonly [start: number, end: number];

interface LabelledText {
  readonly text: string;
  readonly spans: readonly (readonly [start: number, end: number, label: string])[];
}

/** What one of the two found, and its processor time. */
interface Found {
  readonly findings: readonly (readonly Place[])[];
  readonly milliseconds: number;
}

interface Counts {
  readonly values: Map<string, { all: number; masked: number }>;
  /** Letters and digits outside of labelled values. */
  readonly benign: { all: number; masked: number };
}

/**
 * Runs Rankguard's detectors and Presidio's pattern recognisers on labelled files (JSON Lines of `text` and `spans`, as
 * `rankguard mask eval` takes them), one behind the other, and tells recall and time of both. Makes a Python environment
 * with Presidio in `tools/.cache` when there is none. Throws when Python, the network or a file fails it.
 */
export function compareWithPresidio(files: readonly string[]): string {
  const python = environment();
  return files.map((file) => compare(file, python)).join('\n');
}

function environment(): string {
  const folder = root(`tools/.cache/presidio-${PRESIDIO}`);
  if (!existsSync(`${folder}/bin/python`)) {
    process.stderr.write(`making an environment with presidio-analyzer ${PRESIDIO}\n`);
    // Half an environment is not taken for a whole one.
    rmSync(`${folder}.part`, { recursive: true, force: true });
    execFileSync('python3', ['-m', 'venv', `${folder}.part`], { stdio: 'inherit' });
    const pip = ['-m', 'pip', 'install', '--quiet', `presidio-analyzer==${PRESIDIO}`];
    execFileSync(`${folder}.part/bin/python`, pip, { stdio: 'inherit' });
    renameSync(`${folder}.part`, folder);
  }
  return `${folder}/bin/python`;
}

function compare(file: string, python: string): string {
  const lines = readFileSync(file, 'utf8').split('\n');
  const cases = lines.filter((line) => line.trim() !== '').map((line) => JSON.parse(line) as LabelledText);
  const ours = rankguard(cases.map(({ text }) => text));
  const script = root('bench/src/masking/presidio.py');
  const output = execFileSync(python, [script, file], { encoding: 'utf8', maxBuffer: 1 << 28 });
  return table(file, cases, [ours, JSON.parse(output) as Found]);
}

function rankguard(texts: readonly string[]): Found {
  const masking: ResolvedMasking = {
    order: 'score-then-mask',
    fields: [],
    detectors: [{ entities: ENTITIES, with: 'redact' }],
    tokenKey: null,
  };
  const createReader = () => createJsonReader({ kernel: createKernel() });
  const kernel = createKernel();
  const reader = createJsonReader({ kernel });
  const masker = createMasker({ kernel, createReader, masking, tokenKey: null });
  const findings = texts.map((text) => masker.find(text).map(({ start, end }): Place => [start, end]));
  const bodies = bodiesOf(texts);
  // A sidecar is warm: the least of some rounds, the first of which compile.
  const rounds = Array.from({ length: ROUNDS }, () => {
    const before = process.threadCpuUsage();
    for (const body of bodies) {
      const read = reader.read(body);
      if (!read.ok) throw new Error(read.message);
      masker.json(read.document, NOWHERE, []);
    }
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1000;
  });
  return { findings, milliseconds: Math.min(...rounds) };
}

/** The texts as the sidecar gets them, with all that it reads and does besides. */
function bodiesOf(texts: readonly string[]): Buffer[] {
  const starts = Array.from({ length: Math.ceil(texts.length / TEXTS) }, (_, place) => place * TEXTS);
  return starts.map((start) => {
    const results = texts.slice(start, start + TEXTS).map((text, index) => ({ index, text }));
    return Buffer.from(JSON.stringify({ results }));
  });
}

function countsOf(cases: readonly LabelledText[], { findings }: Found): Counts {
  const values: Counts['values'] = new Map();
  const benign = { all: 0, masked: 0 };
  for (const [place, { text, spans }] of cases.entries()) {
    const covered = marks(text, findings[place] ?? []);
    const gold = marks(
      text,
      spans.map(([start, end]) => [start, end]),
    );
    for (const [start, end, label] of spans) {
      const counted = within(text, start, end);
      const value = values.get(label) ?? { all: 0, masked: 0 };
      value.all++;
      if (counted.filter((at) => covered[at] === 1).length >= ENOUGH * counted.length) value.masked++;
      values.set(label, value);
    }
    for (const at of within(text, 0, text.length)) {
      if (gold[at] === 1) continue;
      benign.all++;
      benign.masked += covered[at]!;
    }
  }
  return { values, benign };
}

const within = (text: string, start: number, end: number) =>
  Array.from({ length: end - start }, (_, place) => start + place).filter((at) => COUNTED.test(text[at]!));

function marks(text: string, places: readonly Place[]): Uint8Array {
  const covered = new Uint8Array(text.length);
  for (const [start, end] of places) covered.fill(1, start, end);
  return covered;
}

function table(file: string, cases: readonly LabelledText[], both: readonly [Found, Found]): string {
  const bytes = cases.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  const [ours, theirs] = both.map((one) => countsOf(cases, one)) as [Counts, Counts];
  const row = (...cells: readonly string[]) =>
    cells
      .map((cell, at) => cell.padEnd(at === 0 ? 24 : 12))
      .join('')
      .trimEnd();
  const share = (part: number, all: number) => (all === 0 ? '-' : (part / all).toFixed(3));
  const lines = [row(file), row('VALUES', '', 'Rankguard', 'Presidio')];
  for (const [label, { all, masked }] of [...ours.values].toSorted(([a], [b]) => a.localeCompare(b))) {
    lines.push(
      row(label, String(all), share(masked, all), share(theirs.values.get(label)?.masked ?? 0, all)),
    );
  }
  lines.push(
    row(
      'benign masked',
      String(ours.benign.all),
      share(ours.benign.masked, ours.benign.all),
      share(theirs.benign.masked, theirs.benign.all),
    ),
  );
  const each = both.map(({ milliseconds }) => (milliseconds / bytes) * 1e5);
  lines.push(row('ms for 100 KB', '', each[0]!.toFixed(2), each[1]!.toFixed(0)));
  lines.push(`Rankguard takes 1/${(each[1]! / each[0]!).toFixed(0)} of Presidio's processor time.`, '');
  return lines.join('\n');
}
