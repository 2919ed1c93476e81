import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { opaInputSchema } from '@rankguard/compiler';
import { parse } from 'yaml';
import { code, codeList, generatedPage, table } from './markdown.ts';

const LIBRARY = join(import.meta.dirname, '../../policies-rego');

interface LibraryPolicy {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly says: readonly string[];
  readonly codes: readonly string[];
  readonly parameters: string;
}

/** docs/reference/policy-library.md, from the annotations, rules and data of policies-rego. */
export function libraryPage(): string {
  const policies = readdirSync(LIBRARY, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'schema')
    .map(({ name }) => readPolicy(name))
    .toSorted((a, b) => a.name.localeCompare(b.name));
  return generatedPage('Policy library', 'policies-rego', [
    `Policies that are ready to use. Copy a folder of \`policies-rego/\`, rename its package, change \`data.json\`, and keep its
tests and cases. Each does one thing; put several on a connection. Only [readers by group](#readers-by-group) gives
\`allow\`: all others narrow what it opens. They pass \`opa check --strict\` with the schema of the facts
(\`policies-rego/schema\`), \`opa fmt\` and their own tests, and say the same in OPA and in the sidecar.`,
    table(
      ['policy', 'says', 'codes'],
      policies.map(({ title, says, codes }) => [
        `[${title}](#${title.toLowerCase().replaceAll(' ', '-')})`,
        codeList(says),
        codeList(codes),
      ]),
    ),
    ...policies.flatMap(({ name, title, description, parameters }) => [
      `## ${title}`,
      description,
      `Folder ${code(`policies-rego/${name}`)}, parameters:`,
      `\`\`\`json\n${parameters.trimEnd()}\n\`\`\``,
    ]),
  ]);
}

function readPolicy(name: string): LibraryPolicy {
  const rego = readFileSync(join(LIBRARY, name, 'policy.rego'), 'utf8');
  const [, header = ''] = /^# METADATA\n((?:#.*\n)+)/.exec(rego) ?? [];
  const { title, description } = parse(header.replace(/^# ?/gm, '')) as Record<string, string>;
  const of = (pattern: RegExp) => [...new Set([...rego.matchAll(pattern)].map(([, found = '']) => found))];
  return {
    name,
    title: title ?? name,
    description: (description ?? '').trim(),
    says: of(/^(allow|deny|hold|mask|drop|rank|limit)\b/gm),
    codes: of(/"(?:code|reason)": "([A-Z_]+)"/g),
    parameters: readFileSync(join(LIBRARY, name, 'data.json'), 'utf8'),
  };
}

/** The schema of the facts for `opa check --schema policies-rego/schema`: `schema.input` in annotations. */
export function inputSchemaFile(): string {
  const text = JSON.stringify(opaInputSchema(), null, 2);
  // As Biome formats it: lists of plain values stand on one line.
  return `${text.replace(/\[\n\s+("[^[\]{}]*?")\n\s+\]/g, (_, items: string) => `[${items.replace(/,\n\s+/g, ', ')}]`)}\n`;
}
