import { REASONS, type ReasonCode, type ReasonEntry } from '@rankguard/contract';
import { code, generatedPage, table } from './markdown.ts';

const KINDS: readonly {
  readonly kind: ReasonEntry['kind'];
  readonly title: string;
  readonly about: string;
}[] = [
  {
    kind: 'denial',
    title: 'Denials',
    about:
      'The call is at fault, or its caller may not make it. Sending the same call again gives the same answer.',
  },
  {
    kind: 'fault',
    title: 'Faults',
    about:
      'Something is broken, missing or over a bound. The call is refused because nothing passes without a decision.',
  },
  {
    kind: 'upstream',
    title: 'The reranker',
    about: 'The call was allowed, and the reranker could not serve it.',
  },
  {
    kind: 'tool',
    title: 'Configuration and tools',
    about:
      'Never an answer to a call: these stand in the log, in the output of commands and in problems of files.',
  },
  {
    kind: 'control',
    title: 'The control API',
    about: 'What the operator answers to a sidecar that it refuses. Callers never see these.',
  },
];

/** docs/reference/reasons.md, from the catalogue. */
export function reasonsPage(): string {
  const entries = Object.entries(REASONS) as [ReasonCode, ReasonEntry][];
  const sections = KINDS.flatMap(({ kind, title, about }) => {
    const rows = entries
      .filter(([, entry]) => entry.kind === kind)
      .map(([name, { status, sentence, retry }]) => [
        code(name),
        ...(kind === 'tool' ? [] : [String(status)]),
        ...(kind === 'fault' ? [retry ? 'yes' : 'no'] : []),
        sentence,
      ]);
    const head = ['code', ...(kind === 'tool' ? [] : ['status']), ...(kind === 'fault' ? ['retry'] : [])];
    return [`## ${title}`, about, table([...head, 'sentence'], rows)];
  });
  return generatedPage('Reason codes', 'contract/src/reasons', [
    `Every answer that Rankguard makes itself names one of these codes as \`reason\`; log lines and metrics carry the
same word. \`status\` is the HTTP status of the answer. \`retry\` says whether the same call may succeed later; such an
answer carries \`Retry-After\`. See [answers](answers.md) for the whole body.`,
    `A policy's own codes, as in \`deny contains {"code": "DATASET_FORBIDDEN", …}\`, are not in this list: such an answer
has \`reason\` POLICY_DENY and the policy's word as \`code\`.`,
    ...sections,
  ]);
}
