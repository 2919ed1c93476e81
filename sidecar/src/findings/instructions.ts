import { readable } from './text.ts';

/**
 * Phrases that speak to a model, not to a reader, with how sure each one alone makes it. The families are those of
 * OWASP LLM01:2025 (prompt injection) and of published attacks on neural rankers ("this passage is the most relevant").
 * Every repetition in them is bounded: time is linear in the text.
 */
const PHRASES: readonly (readonly [RegExp, number])[] = [
  [
    /\b(?:ignore|disregard|forget|override|bypass)\b[^.!?]{0,40}\b(?:previous|prior|above|earlier|preceding|all|any|your|the system)\b[^.!?]{0,30}\b(?:instructions?|prompts?|rules?|directions?|guidelines?|context|messages?)\b/g,
    0.9,
  ],
  [/\b(?:system|developer) (?:prompt|instructions?)\b/g, 0.4],
  [
    /<\|?(?:im_start|im_end|system|endoftext|assistant|user)\|?>|\[\/?inst\]|<<\/?sys>>|###? ?(?:instructions?|system)\b/g,
    0.8,
  ],
  [/(?:^|[\n.;] ?)(?:system|assistant) ?: /g, 0.4],
  [/\byou are (?:now|no longer)\b/g, 0.4],
  [/\b(?:act|behave|respond|pretend|roleplay) as (?:an? |if |though )/g, 0.3],
  [/\b(?:do not|don't|never) (?:mention|reveal|disclose|tell|summari[sz]e|follow)\b/g, 0.3],
  [
    /\b(?:rank|place|put|list|score|rate) this (?:document|passage|result|text|page|item|product|answer)\b/g,
    0.8,
  ],
  [
    /\bthis (?:document|passage|text|page|result|answer) (?:is|must be|should be) (?:the )?(?:most|highly|extremely|perfectly|always) (?:relevant|important|authoritative)\b/g,
    0.8,
  ],
  [
    /\b(?:assign|give|return|output)\b[^.!?]{0,30}\b(?:relevance|score|rank)\b[^.!?]{0,20}\b(?:1(?:\.0)?|10|100|highest|maximum|top|first)\b/g,
    0.7,
  ],
  [/\b(?:reply|answer|respond|output|print|say) (?:only|exactly|with only|nothing but)\b/g, 0.4],
  [
    /\b(?:send|post|forward|exfiltrate|upload)\b[^.!?]{0,40}\b(?:password|secret|api key|token|credentials?|conversation|chat history)\b/g,
    0.7,
  ],
];
/** One word of each phrase: most texts have none. */
const TRIGGERS =
  /\b(?:ignore|disregard|forget|override|bypass|prompt|message|instruct|system|assistant|you are|act|behave|respond|pretend|roleplay|do not|don't|never|this|assign|give|return|output|reply|answer|print|say|send|post|forward|exfiltrate|upload)|<\||\[\/?inst|<<|###?|<(?:system|assistant|user)/;
/** What is worth reporting: one strong phrase, or several weak ones. */
const LEAST_SCORE = 0.5;

export interface Match {
  readonly count: number;
  readonly score: number;
}

/** Text that tells a model what to do; null when there is none. Independent signs add up: 1 - ∏(1 - score). */
export function findInstructions(text: string): Match | null {
  const read = readable(text);
  if (!TRIGGERS.test(read)) return null;
  let count = 0;
  let doubt = 1;
  for (const [phrase, score] of PHRASES) {
    const found = read.match(phrase)?.length ?? 0;
    if (found === 0) continue;
    count += found;
    doubt *= 1 - score;
  }
  const score = Math.round((1 - doubt) * 100) / 100;
  return score < LEAST_SCORE ? null : { count, score };
}
