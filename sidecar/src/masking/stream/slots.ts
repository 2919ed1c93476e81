import { type JsonDocument, Kind } from '../../json/types.ts';

/** A piece of a text that comes in pieces, where it stands in an event. */
export interface Slot {
  /** Which text it belongs to. Parts are separated by `/`. */
  readonly channel: string;
  /** The string token that holds the piece. */
  readonly token: number;
  /** `json`: the pieces together are a JSON text, as are a tool call's arguments. */
  readonly form: 'text' | 'json';
  /** The data of an event that carries another piece of the same text, and nothing else. */
  readonly another: (piece: string) => unknown;
}

/** What an event of a stream means for the texts that come in pieces. */
export interface EventReading {
  readonly slots: readonly Slot[];
  /** Channels whose names begin so get no more pieces: `''` ends all. */
  readonly ends: readonly string[];
  /** Members that repeat pieces of the event's texts: they go when one of those does not pass as it came. */
  readonly echoes: readonly number[];
  /** A signature of a channel's text, which holds only for the text as it came. */
  readonly seal?: { readonly channel: string; readonly token: number };
}

const NOTHING: EventReading = { slots: [], ends: [], echoes: [] };

/** Members of a delta that are no text of the model. */
const PROTOCOL = new Set(['role', 'id', 'type', 'name', 'format', 'signature']);

/**
 * Reads one event by its shape: OpenAI chat and text completions, OpenAI Responses, Anthropic messages,
 * Cohere chat v2 and v1, Ollama. An event of any other shape has no slots.
 */
export function readEvent(document: JsonDocument): EventReading {
  if (document.kind(0) !== Kind.Object) return NOTHING;
  const choices = document.get(0, 'choices');
  if (choices !== -1 && document.kind(choices) === Kind.Array) return openAiChat(document, choices);
  const type = textAt(document, 0, 'type') ?? textAt(document, 0, 'event_type');
  if (type !== null) return typedEvent(document, type);
  return document.get(0, 'done') === -1 ? NOTHING : ollama(document);
}

function typedEvent(document: JsonDocument, type: string): EventReading {
  if (type.startsWith('response.')) return openAiResponses(document, type);
  if (ANTHROPIC.has(type)) return anthropic(document, type);
  return cohere(document, type);
}

type Path = readonly (string | number)[];

function openAiChat(document: JsonDocument, choices: number): EventReading {
  const slots: Slot[] = [];
  const ends: string[] = [];
  const echoes: number[] = [];
  const base: Record<string, unknown> = {};
  for (const name of ['id', 'object', 'created', 'model', 'system_fingerprint']) {
    const token = document.get(0, name);
    if (token !== -1) base[name] = document.value(token);
  }
  let place = 0;
  for (const choice of document.elements(choices)) {
    const index = numberAt(document, choice, 'index') ?? place;
    place++;
    const another = (path: Path) => (piece: string) => ({
      ...base,
      choices: [{ index, ...nested(path, piece), finish_reason: null }],
    });
    for (const part of ['delta', 'text']) {
      const token = document.get(choice, part);
      if (token !== -1) collect(document, token, `chat/${index}/`, [part], another, slots);
    }
    const finish = document.get(choice, 'finish_reason');
    if (finish !== -1 && !document.isNull(finish)) ends.push(`chat/${index}/`);
    const logprobs = document.get(choice, 'logprobs');
    if (logprobs !== -1 && !document.isNull(logprobs)) echoes.push(logprobs);
  }
  return { slots, ends, echoes };
}

/** Every text of a delta, wherever it stands in it. */
function collect(
  document: JsonDocument,
  token: number,
  prefix: string,
  path: Path,
  another: (path: Path) => (piece: string) => unknown,
  slots: Slot[],
): void {
  const kind = document.kind(token);
  if (kind === Kind.String) {
    const name = path.findLast((step) => typeof step === 'string');
    const form = name === 'arguments' || name === 'parameters' ? 'json' : 'text';
    slots.push({ channel: prefix + path.join('/'), token, form, another: another(path) });
  } else if (kind === Kind.Object) {
    for (const [key, value] of document.members(token)) {
      const name = document.string(key);
      if (!PROTOCOL.has(name)) collect(document, value, prefix, [...path, name], another, slots);
    }
  } else if (kind === Kind.Array) {
    let place = 0;
    for (const element of document.elements(token)) {
      const index = document.kind(element) === Kind.Object ? numberAt(document, element, 'index') : null;
      collect(document, element, prefix, [...path, index ?? place], another, slots);
      place++;
    }
  }
}

/** `['delta', 'tool_calls', 1, 'function']` and a text become the members that hold it. */
function nested(path: Path, piece: string): Record<string, unknown> {
  let value: unknown = piece;
  for (const step of path.toReversed()) {
    if (typeof step === 'string') value = { [step]: value };
    else if (typeof value === 'object' && value !== null) value = [{ index: step, ...value }];
    else value = [value];
  }
  return value as Record<string, unknown>;
}

const RESPONSES_ENDS = /^response\.(?:completed|failed|incomplete|cancelled|error)$/;
const RESPONSES_PLACE = ['item_id', 'output_index', 'content_index', 'summary_index'];

function openAiResponses(document: JsonDocument, type: string): EventReading {
  if (RESPONSES_ENDS.test(type)) return { ...NOTHING, ends: [''] };
  const place = RESPONSES_PLACE.map((name) => {
    const token = document.get(0, name);
    return token === -1 ? '' : document.raw(token);
  }).join('/');
  const [kind, last] = splitLast(type);
  const channel = `${kind}/${place}`;
  if (last === 'done') {
    return type === 'response.output_item.done'
      ? { ...NOTHING, ends: [''] }
      : { ...NOTHING, ends: [channel] };
  }
  const token = document.get(0, 'delta');
  if (last !== 'delta' || token === -1 || document.kind(token) !== Kind.String) return NOTHING;
  const form = kind.endsWith('_arguments') ? 'json' : 'text';
  const echoes = ['logprobs', 'obfuscation'].map((name) => document.get(0, name)).filter((one) => one !== -1);
  return { slots: [{ channel, token, form, another: copyWith(document, ['delta']) }], ends: [], echoes };
}

const ANTHROPIC = new Set([
  'message_start',
  'content_block_start',
  'content_block_delta',
  'content_block_stop',
  'message_delta',
  'message_stop',
  'ping',
  'error',
]);
const ANTHROPIC_TEXTS = ['text', 'thinking', 'partial_json'];

function anthropic(document: JsonDocument, type: string): EventReading {
  if (type === 'message_stop' || type === 'message_delta' || type === 'error')
    return { ...NOTHING, ends: [''] };
  const block = `block/${numberAt(document, 0, 'index') ?? 0}/`;
  if (type === 'content_block_stop') return { ...NOTHING, ends: [block] };
  const holder = document.get(0, type === 'content_block_start' ? 'content_block' : 'delta');
  if (holder === -1 || document.kind(holder) !== Kind.Object) return NOTHING;
  const slots: Slot[] = [];
  for (const name of ANTHROPIC_TEXTS) {
    const token = document.get(holder, name);
    if (token === -1 || document.kind(token) !== Kind.String) continue;
    const index = numberAt(document, 0, 'index') ?? 0;
    const delta = { type: `${name === 'partial_json' ? 'input_json' : name}_delta` };
    const another = (piece: string) => ({
      type: 'content_block_delta',
      index,
      delta: { ...delta, [name]: piece },
    });
    slots.push({ channel: block + name, token, form: name === 'partial_json' ? 'json' : 'text', another });
  }
  const signature = document.get(holder, 'signature');
  if (signature === -1 || document.kind(signature) !== Kind.String) return { slots, ends: [], echoes: [] };
  const channel = `${block}thinking`;
  // A block may begin with an empty signature; a real one says that the text has ended.
  const ends = document.end(signature) > document.start(signature) ? [channel] : [];
  return { slots, ends, echoes: [], seal: { channel, token: signature } };
}

const COHERE_ENDS: Readonly<Record<string, (index: string) => readonly string[]>> = {
  'message-end': () => [''],
  'stream-end': () => [''],
  'content-end': (index) => [`cohere/content/${index}/`],
  'tool-call-end': (index) => [`cohere/tool/${index}/`],
  'tool-call-start': () => ['cohere/plan/'],
  'tool-calls-generation': () => [''],
};

function cohere(document: JsonDocument, type: string): EventReading {
  const index = String(numberAt(document, 0, 'index') ?? 0);
  const ends = COHERE_ENDS[type]?.(index) ?? [];
  const paths = COHERE_TEXTS[type] ?? [];
  const slots: Slot[] = [];
  for (const [group, ...path] of paths) {
    const token = reach(document, path);
    if (token === -1 || document.kind(token) !== Kind.String) continue;
    const name = path.at(-1)!;
    const form = name === 'arguments' || name === 'parameters' ? 'json' : 'text';
    const channel = `cohere/${group}/${index}/${name}`;
    slots.push({ channel, token, form, another: copyWith(document, path) });
  }
  return { slots, ends, echoes: [] };
}

const CONTENT = [
  ['content', 'delta', 'message', 'content', 'text'],
  ['content', 'delta', 'message', 'content', 'thinking'],
] as const;
const ARGUMENTS = [['tool', 'delta', 'message', 'tool_calls', 'function', 'arguments']] as const;
/** The texts of each type of event: the group of their channel, then the path. */
const COHERE_TEXTS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'content-start': CONTENT,
  'content-delta': CONTENT,
  'tool-plan-delta': [['plan', 'delta', 'message', 'tool_plan']],
  'tool-call-start': ARGUMENTS,
  'tool-call-delta': ARGUMENTS,
  'text-generation': [['v1', 'text']],
  'tool-calls-chunk': [
    ['v1', 'tool_call_delta', 'parameters'],
    ['v1', 'tool_call_delta', 'text'],
    ['v1', 'text'],
  ],
};

function ollama(document: JsonDocument): EventReading {
  const slots: Slot[] = [];
  for (const path of [['message', 'content'], ['message', 'thinking'], ['response'], ['thinking']]) {
    const token = reach(document, path);
    if (token === -1 || document.kind(token) !== Kind.String) continue;
    const copy = copyWith(document, path);
    const another = (piece: string) => ({ ...(copy(piece) as object), done: false });
    slots.push({ channel: `ollama/${path.join('/')}`, token, form: 'text', another });
  }
  return { slots, ends: document.boolean(document.get(0, 'done')) === true ? [''] : [], echoes: [] };
}

/** The event's own data with another text at `path`. */
function copyWith(document: JsonDocument, path: readonly string[]): (piece: string) => unknown {
  const text = document.raw(0);
  return (piece) => {
    const copy = JSON.parse(text) as Record<string, unknown>;
    let at = copy;
    for (const name of path.slice(0, -1)) at = at[name] as Record<string, unknown>;
    at[path.at(-1)!] = piece;
    return copy;
  };
}

function reach(document: JsonDocument, path: readonly string[]): number {
  let token = 0;
  for (const name of path) {
    token = token === -1 || document.kind(token) !== Kind.Object ? -1 : document.get(token, name);
  }
  return token;
}

function textAt(document: JsonDocument, object: number, name: string): string | null {
  const token = document.get(object, name);
  return token !== -1 && document.kind(token) === Kind.String ? document.string(token) : null;
}

function numberAt(document: JsonDocument, object: number, name: string): number | null {
  const token = document.get(object, name);
  return token !== -1 && document.kind(token) === Kind.Number ? document.number(token) : null;
}

function splitLast(type: string): readonly [string, string] {
  const dot = type.lastIndexOf('.');
  return [type.slice(0, dot), type.slice(dot + 1)];
}
