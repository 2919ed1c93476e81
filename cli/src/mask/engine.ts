import { createJsonReader, type JsonReader } from '@rankguard/sidecar/json';
import { createKernel } from '@rankguard/sidecar/kernel';
import { createMasker, type Masker, type MaskNote } from '@rankguard/sidecar/masking';
import type { LoadedProfile } from './profile.ts';

/** A masker that says what it masks. */
export interface Engine {
  readonly masker: Masker;
  readonly createReader: () => JsonReader;
  /** What was masked since it was last asked. */
  taken(): readonly MaskNote[];
  readonly add: (note: MaskNote) => void;
}

export function createEngine({ masking, tokenKey }: LoadedProfile): Engine {
  let notes: MaskNote[] = [];
  const add = (note: MaskNote) => void notes.push(note);
  const createReader = () => createJsonReader({ kernel: createKernel() });
  const masker = createMasker({ kernel: createKernel(), createReader, masking, tokenKey, note: add });
  return {
    masker,
    createReader,
    add,
    taken() {
      const taken = notes;
      notes = [];
      return taken;
    },
  };
}
