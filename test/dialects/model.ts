import type { Candidate, Result, Wire } from '../support/wires/index.ts';

/** What a policy is asked to do in one call: the words of its query. */
export const WORDS = [
  'forbidden',
  'few',
  'limit',
  'truncate',
  'teams',
  'nobody',
  'hide',
  'reveal',
  'weak',
  'sealed',
  'floor',
  'sink',
  'cap',
  'mix',
  'boost',
  'demote',
  'top',
  'torn',
] as const;
export type Word = (typeof WORDS)[number];

/** Every output that a policy has, in both phases, each switched on by a word of the query. */
export const REGO = `package rankguard.e2e

asked := {word | some word in split(input.request.query, " ")}

allow if "readers" in input.identity.groups

deny contains {"code": "QUERY_FORBIDDEN", "message": "Nobody may ask this."} if "forbidden" in asked

deny contains {"code": "TOO_MANY", "message": "At most four."} if {
	"few" in asked
	input.request.counts.documents > 4
}

deny contains {"code": "SEALED", "message": "The best one is sealed."} if {
	"sealed" in asked
	some result in input.response.results
	result.rank == 0
	result.fields.group == "c"
}

limit contains {"documents": 3} if "limit" in asked

limit contains {"documents": 4, "truncate": true} if "truncate" in asked

drop contains {"index": document.index, "reason": "NOT_AUTHORISED"} if {
	"teams" in asked
	some document in input.request.documents
	document.fields.team == "other"
}

drop contains {"index": document.index, "reason": "NOT_AUTHORISED"} if {
	"nobody" in asked
	some document in input.request.documents
}

drop contains {"index": result.index, "reason": "WEAK"} if {
	"weak" in asked
	some result in input.response.results
	result.score < 0.2
}

mask contains {"path": "documents[*].fields.code", "with": "redact"} if "hide" in asked

mask contains {"path": sprintf("documents[%d].fields.note", [document.index]), "with": "redact"} if {
	"reveal" in asked
	some document in input.request.documents
	document.fields.pinned
}

rank contains {"verb": "floor", "min_score": 0.3} if "floor" in asked

rank contains {"verb": "floor", "min_score": 0.5, "below": "last"} if "sink" in asked

rank contains {"verb": "cap", "by": "fields.group", "max": 2} if "cap" in asked

rank contains {"verb": "diversify", "by": "fields.group", "top": 3, "max": 1} if "mix" in asked

rank contains {"verb": "reorder", "index": document.index, "move": "boost"} if {
	"boost" in asked
	some document in input.request.documents
	document.fields.pinned
}

rank contains {"verb": "reorder", "index": result.index, "move": "demote"} if {
	"demote" in asked
	some result in input.response.results
	result.fields.group == "b"
	not result.fields.pinned
}

rank contains {"verb": "limit", "results": 3} if "top" in asked

rank contains {"verb": "reorder", "index": 0, "move": move} if {
	"torn" in asked
	some move in ["boost", "demote"]
}
`;

/** What comes of a call: a refusal by reason and the policy's own code, or what was sent on and what was shown. */
export type Outcome =
  | { readonly refused: string; readonly code: string }
  | { readonly sent: readonly number[]; readonly shown: readonly Result[] };

const refused = (reason: string, code = reason): Outcome => ({ refused: reason, code });
type Ranked = Result & { readonly candidate: Candidate };

/** What has to come of it, on plain arrays; an API that answers by place can only be refused when anything moves. */
export function predict(
  candidates: readonly Candidate[],
  words: readonly Word[],
  wanted: number | null,
  { given, topN }: Pick<Wire, 'given' | 'topN'>,
): Outcome {
  const asked = (word: Word) => words.includes(word);
  if (asked('forbidden')) return refused('POLICY_DENY', 'QUERY_FORBIDDEN');
  if (asked('few') && candidates.length > 4) return refused('POLICY_DENY', 'TOO_MANY');
  const sent = keptOf(candidates, asked);
  if (sent === 'limit') return refused('LIMIT_EXCEEDED');
  if (given && sent.length < candidates.length) return refused('RANKING_FIXED');
  if (sent.length === 0) return { sent: [], shown: [] };
  const inOrder = sent.map((index) => {
    const candidate = candidates[index]!;
    return { index, score: candidate['weight'] as number, candidate };
  });
  const answered = given ? inOrder : inOrder.toSorted((a, b) => b.score - a.score || a.index - b.index);
  if (asked('sealed') && answered[0]!.candidate['group'] === 'c') return refused('POLICY_DENY', 'SEALED');
  if (asked('torn')) return refused('POLICY_FAULT');
  const ranked = ranking(answered, asked);
  const shown = topN && wanted !== null ? ranked.slice(0, wanted) : ranked;
  if (given && shown.some((one, place) => one !== answered[place])) return refused('RANKING_FIXED');
  if (given && shown.length < answered.length) return refused('RANKING_FIXED');
  return { sent, shown: shown.map(({ index, score }) => ({ index, score })) };
}

function keptOf(
  candidates: readonly Candidate[],
  asked: (word: Word) => boolean,
): readonly number[] | 'limit' {
  const kept = [...candidates.keys()].filter(
    (index) => !asked('nobody') && !(asked('teams') && candidates[index]!['team'] === 'other'),
  );
  if (asked('limit')) return kept.length > 3 ? 'limit' : kept;
  return asked('truncate') ? kept.slice(0, 4) : kept;
}

/** The verbs in the order in which the reference says that they run. */
function ranking(answered: readonly Ranked[], asked: (word: Word) => boolean): readonly Ranked[] {
  const group = ({ candidate }: Ranked) => candidate['group'];
  let head: readonly Ranked[] = answered.filter(({ score }) => !(asked('weak') && score! < 0.2));
  if (asked('floor')) head = head.filter(({ score }) => score! >= 0.3);
  let tail: readonly Ranked[] = [];
  if (asked('sink')) {
    tail = head.filter(({ score }) => score! < 0.5);
    head = head.filter(({ score }) => score! >= 0.5);
  }
  if (asked('cap')) {
    const all = [...head, ...tail];
    const few = (one: Ranked) => all.filter((other) => group(other) === group(one)).indexOf(one) < 2;
    head = head.filter(few);
    tail = tail.filter(few);
  }
  if (asked('mix')) head = mixed(head, group);
  const pinned = ({ candidate }: Ranked) => candidate['pinned'] === true;
  const place = (one: Ranked) => {
    if (asked('boost') && pinned(one)) return -1;
    return asked('demote') && group(one) === 'b' && !pinned(one) ? 1 : 0;
  };
  const list = [...head, ...tail].toSorted((a, b) => place(a) - place(b));
  return asked('top') ? list.slice(0, 3) : list;
}

/** The first three of different groups, as far as there are any. */
function mixed(head: readonly Ranked[], group: (one: Ranked) => unknown): readonly Ranked[] {
  const first: Ranked[] = [];
  for (const one of head) {
    if (first.length < 3 && !first.some((other) => group(other) === group(one))) first.push(one);
  }
  return [...first, ...head.filter((one) => !first.includes(one))];
}
