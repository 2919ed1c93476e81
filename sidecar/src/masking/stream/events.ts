import { CodedError } from '@rankguard/contract';
import { type Edit, type JsonDocument, type JsonReader, Kind, splice } from '../../json/index.ts';
import { escaped } from '../nested.ts';
import { valueEnd, valueStart } from '../removal.ts';
import { type Channel, createTextChannel, createWholeChannel } from './channel.ts';
import type { Frame, Framing } from './framing.ts';
import type { StreamMaskerOptions } from './index.ts';
import { readEvent, type Slot } from './slots.ts';

const MOST_BYTES = 1024 * 1024;
const MOST_CHANNELS = 4096;
const NO_PLACES = { queries: [], documents: [], results: [] };
const NONE: ReadonlySet<string> = new Set();

interface OpenChannel {
  readonly channel: Channel;
  /** The slot and the frame that brought its last piece. */
  slot: Slot;
  frame: Frame;
}

/** A stream of events that carry JSON, each with pieces of some texts. */
export class EventStream {
  readonly #options: StreamMaskerOptions;
  readonly #framing: Framing;
  readonly #reader: JsonReader;
  readonly #channels = new Map<string, OpenChannel>();
  /** Channels that have ended and of which something was masked. */
  readonly #changed = new Set<string>();
  #inner: JsonReader | null = null;

  constructor(options: StreamMaskerOptions, framing: Framing) {
    this.#options = options;
    this.#framing = framing;
    this.#reader = options.createReader();
  }

  push(text: string): string {
    return this.#all(this.#framing.push(text));
  }

  end(): string {
    return this.#all(this.#framing.end()) + this.#finish([''], NONE);
  }

  #all(frames: readonly Frame[]): string {
    if (this.#framing.held > this.#longest) this.#tooLong();
    return frames.map((frame) => this.#event(frame)).join('');
  }

  #event(frame: Frame): string {
    const { data } = frame;
    const { masker } = this.#options;
    if (data === null || data.trim() === '') return this.#framing.render(frame, null, masker.string);
    if (data.trim() === '[DONE]') {
      return this.#finish([''], NONE) + this.#framing.render(frame, null, masker.string);
    }
    const bytes = Buffer.from(data);
    const read = this.#reader.read(bytes);
    if (!read.ok && !/^\s*[{["]/.test(data)) return this.#plain(frame, data);
    if (!read.ok) throw new CodedError(read.code, `an event of the stream: ${read.message}`);
    const { before, edits } = this.#judge(read.document, frame);
    const masked = edits.length === 0 ? null : splice(bytes, edits).toString();
    return before + this.#framing.render(frame, masked, masker.string);
  }

  /** An event whose data is a piece of text as it is. */
  #plain(frame: Frame, data: string): string {
    const slot: Slot = { channel: 'data', token: -1, form: 'text', another: (piece) => piece };
    const out = this.#open(slot, frame).channel.push(data);
    return this.#framing.render(frame, out === data ? null : out, this.#options.masker.string);
  }

  #judge(document: JsonDocument, frame: Frame): { readonly before: string; readonly edits: Edit[] } {
    const { slots, ends, echoes, seal } = readEvent(document);
    // A rule that replaces a whole member holds; inside a piece only its channel can tell.
    const except = new Set(slots.map(({ token }) => token));
    const generic = this.#options.masker.json(document, NO_PLACES, [], { except }).edits;
    const edits = generic.filter(({ start, end }) =>
      slots.every(({ token }) => start < document.start(token) || end > document.end(token)),
    );
    const inEvent = new Set(slots.map(({ channel }) => channel));
    let held = false;
    for (const slot of slots) {
      const piece = document.string(slot.token);
      const out = this.#through(slot, frame, piece, ends);
      if (out === piece) continue;
      held = true;
      edits.push({
        start: document.start(slot.token),
        end: document.end(slot.token),
        with: escaped(out),
      });
    }
    for (const token of held ? echoes : []) edits.push(emptied(document, token));
    const before = this.#finish(ends, inEvent);
    if (seal !== undefined && this.#changed.has(seal.channel)) edits.push(emptied(document, seal.token));
    return { before, edits };
  }

  /** What leaves in the slot of an event. */
  #through(slot: Slot, frame: Frame, piece: string, ends: readonly string[]): string {
    const open = this.#open(slot, frame);
    const out = open.channel.push(piece);
    const last = ends.some((prefix) => slot.channel.startsWith(prefix));
    return last ? out + this.#close(slot.channel, open) : out;
  }

  #open(slot: Slot, frame: Frame): OpenChannel {
    const known = this.#channels.get(slot.channel);
    if (known !== undefined) {
      known.slot = slot;
      known.frame = frame;
      return known;
    }
    if (this.#channels.size >= MOST_CHANNELS) this.#tooLong();
    const channel =
      slot.form === 'text'
        ? this.#textChannel(slot.channel)
        : createWholeChannel(
            (text) => this.#maskJson(text),
            this.#longest,
            () => this.#tooLong(),
          );
    const made = { channel, slot, frame };
    this.#channels.set(slot.channel, made);
    return made;
  }

  #textChannel(name: string): Channel {
    const { masker, note } = this.#options;
    return createTextChannel(masker.find, (finding) => note?.(finding, name));
  }

  #maskJson(text: string): string {
    const bytes = Buffer.from(text);
    // The reader of events still holds the event that ends this text.
    this.#inner ??= this.#options.createReader();
    const read = this.#inner.read(bytes);
    if (read.ok) {
      return splice(bytes, this.#options.masker.json(read.document, NO_PLACES, []).edits).toString();
    }
    const channel = this.#textChannel('arguments');
    return channel.push(text) + channel.end();
  }

  #close(name: string, { channel }: OpenChannel): string {
    const rest = channel.end();
    if (channel.changed) this.#changed.add(name);
    this.#channels.delete(name);
    return rest;
  }

  /** Ends channels; their rests come as events of their own, but for those that have a slot in the event. */
  #finish(ends: readonly string[], inEvent: ReadonlySet<string>): string {
    let out = '';
    for (const [name, open] of this.#channels) {
      if (inEvent.has(name) || !ends.some((prefix) => name.startsWith(prefix))) continue;
      const rest = this.#close(name, open);
      if (rest !== '') out += this.#framing.like(open.frame, dataOf(open.slot, rest));
    }
    return out;
  }

  get #longest(): number {
    return this.#options.maxBytes ?? MOST_BYTES;
  }

  #tooLong(): never {
    throw new CodedError(
      'BODY_TOO_LARGE',
      `one text or event of the stream is longer than ${this.#longest} bytes`,
    );
  }
}

function dataOf({ token, another }: Slot, rest: string): string {
  return token === -1 ? rest : JSON.stringify(another(rest));
}

function emptied(document: JsonDocument, token: number): Edit {
  const text = document.kind(token) === Kind.String ? '""' : 'null';
  return { start: valueStart(document, token), end: valueEnd(document, token), with: text };
}
