import { CodedError } from '@rankguard/contract';
import type { JsonReader } from '../../json/index.ts';
import type { Masker, TextFinding } from '../types.ts';
import { createTextChannel } from './channel.ts';
import { EventStream } from './events.ts';
import { createLineFraming, createSseFraming } from './framing.ts';

/** Shapes of streams. All but `text` are server-sent events or JSON Lines, told apart by their first character. */
export const STREAM_KINDS = ['openai-chat', 'openai-responses', 'anthropic', 'cohere-chat', 'text'] as const;
export type StreamKind = (typeof STREAM_KINDS)[number];

/** Masks one stream. Chunks may be cut anywhere; the same comes out. */
export interface StreamMasker {
  /** What may leave now. Throws CodedError for what cannot be read; nothing more may be sent then. */
  push(chunk: Uint8Array): Buffer;
  /** The rest, when the stream has ended or broken off. */
  end(): Buffer;
}

export interface StreamMaskerOptions {
  readonly masker: Masker;
  /** Makes a reader with a kernel of its own; called twice at most. */
  readonly createReader: () => JsonReader;
  /** null: told by the first characters. */
  readonly kind: StreamKind | null;
  /** Bytes that one event may have, and the arguments of one tool call. */
  readonly maxBytes?: number;
  /** Told of each value that is masked in a text that comes in pieces, and of which. */
  readonly note?: (finding: TextFinding, channel: string) => void;
}

/** Throws nothing; what a stream holds is judged as it comes. */
export function createStreamMasker(options: StreamMaskerOptions): StreamMasker {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let open: TextStream | null = null;
  let first = '';

  function decode(chunk?: Uint8Array): string {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch (cause) {
      throw new CodedError('BODY_NOT_UTF8', 'the stream is not valid UTF-8', { cause });
    }
  }

  /** Decides with the first characters how the stream is framed. */
  function start(text: string, last: boolean): string {
    first += text;
    if (options.kind === 'text') open = textStream(options);
    else if (/^\ufeff?[ \t\r\n]*\{/.test(first)) open = new EventStream(options, createLineFraming());
    else if (/^\ufeff?(?:(?:data|event|id|retry)(?::|\r|\n)|:|\r?\n)/.test(first)) {
      open = new EventStream(options, createSseFraming());
    } else if (
      last ||
      first.length > 8 ||
      !/^\ufeff?(?:[ \t\r\n]*|d|da|dat|data|e|ev|eve|even|event|i|id|r|re|ret|retr|retry)$/.test(first)
    ) {
      open = options.kind === null ? textStream(options) : new EventStream(options, createSseFraming());
    } else return '';
    const out = open.push(first);
    first = '';
    return out;
  }

  return {
    push(chunk) {
      const text = decode(chunk);
      if (text === '') return Buffer.alloc(0);
      return Buffer.from(open === null ? start(text, false) : open.push(text));
    },
    end() {
      let out = '';
      const rest = decode();
      if (open === null) out += start(rest, true);
      else if (rest !== '') out += open.push(rest);
      return Buffer.from(out + (open?.end() ?? ''));
    },
  };
}

interface TextStream {
  push(text: string): string;
  end(): string;
}

function textStream({ masker, note }: StreamMaskerOptions): TextStream {
  return createTextChannel(masker.find, (finding) => note?.(finding, 'text'));
}
