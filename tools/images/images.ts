/** An image of the project. */
export interface ImageSource {
  readonly name: string;
  readonly dockerfile: string;
  /** Folder that the Dockerfile copies; it holds the programs, each in one file, and the files that they read. */
  readonly bundle: string;
  /** Programs by the name of their file, and where they begin. */
  readonly programs: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
}

const KERNEL = { 'kernel.wasm': 'sidecar/src/kernel/kernel.wasm' };

/** In the order in which they are built; `opa` is the path of the pinned program. */
export function images(opa: string): readonly ImageSource[] {
  return [
    {
      name: 'rankguard-sidecar',
      dockerfile: 'sidecar/Dockerfile',
      bundle: 'sidecar/dist/image',
      programs: { main: 'sidecar/src/main.ts' },
      files: KERNEL,
    },
    {
      name: 'rankguard-operator',
      dockerfile: 'operator/Dockerfile',
      bundle: 'operator/dist/image',
      programs: { main: 'operator/src/main.ts', verify: 'operator/src/verify/main.ts' },
      files: { ...KERNEL, opa },
    },
    {
      name: 'support-search',
      dockerfile: 'examples/support-search/Dockerfile',
      bundle: 'examples/support-search/dist/image',
      programs: {
        reranker: 'examples/support-search/src/reranker/main.ts',
        issuer: 'examples/support-search/src/issuer/main.ts',
      },
      files: {},
    },
  ];
}

/** Name of an image that was built here and is pulled from nowhere. */
export function imageName(name: string, tag: string): string {
  return `localhost/${name}:${tag}`;
}
