import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { EXIT, Exit, type Io } from '../io.ts';

/** Writes a policy that works, with data, Rego tests and a table of cases, into a folder that is new or empty. */
export async function create(io: Io, directory: string): Promise<void> {
  const name = basename(resolve(directory));
  if (!/^[a-z][a-z0-9-]*$/.test(name)) {
    throw new Exit(EXIT.usage, `${name}: a policy's folder has a name like ticket-access`);
  }
  await mkdir(directory, { recursive: true });
  if ((await readdir(directory)).length > 0) throw new Exit(EXIT.usage, `${directory} is not empty`);
  const id = name.replaceAll('-', '_');
  for (const [file, content] of Object.entries(filesOf(id))) {
    await writeFile(join(directory, file), content);
    io.stdout.write(`${join(directory, file)}\n`);
  }
}

function filesOf(id: string): Readonly<Record<string, string>> {
  return {
    'policy.rego': `package rankguard.${id}

# Somebody must allow a call; silence denies it.
allow if {
	some group in input.identity.groups
	group in data.readers
}

deny contains {"code": "DATASET_FORBIDDEN", "message": message} if {
	some rule in data.datasets
	rule.dataset == input.request.dataset
	not rule.group in input.identity.groups
	message := sprintf("Only members of %s may search the data set %s.", [rule.group, rule.dataset])
}
`,
    'data.json': `{
  "readers": ["search-readers"],
  "datasets": [{ "dataset": "ledger", "group": "finance" }]
}
`,
    'policy_test.rego': `package rankguard.${id}_test

import data.rankguard.${id}

call(groups, dataset) := {"identity": {"groups": groups}, "request": {"dataset": dataset}}

test_readers_may if ${id}.allow with input as call(["search-readers"], "tickets")

test_others_may_not if not ${id}.allow with input as call(["guests"], "tickets")

test_a_data_set_needs_its_group if {
	count(${id}.deny) == 1 with input as call(["search-readers"], "ledger")
	count(${id}.deny) == 0 with input as call(["finance"], "ledger")
}
`,
    'cases.yaml': `# Few facts are enough: all others are those of a plain call. Run against what the sidecar runs.
cases:
  - name: readers search tickets
    input: { identity.groups: [search-readers], request.dataset: tickets }
    expect: { allow: true, deny: [] }
  - name: the ledger is for finance
    input: { identity.groups: [search-readers], request.dataset: ledger }
    expect: { deny: [DATASET_FORBIDDEN] }
`,
  };
}
