/** The images of the project, in the order in which they are built. */
export interface ImageSource {
  readonly name: string;
  readonly dockerfile: string;
  /** Workspaces whose `bundle:image` script makes what the Dockerfile copies. */
  readonly bundles: readonly string[];
}

export const IMAGES: readonly ImageSource[] = [
  { name: 'rankguard-sidecar', dockerfile: 'sidecar/Dockerfile', bundles: ['sidecar'] },
  { name: 'rankguard-operator', dockerfile: 'operator/Dockerfile', bundles: ['operator'] },
  {
    name: 'support-search',
    dockerfile: 'examples/support-search/Dockerfile',
    bundles: ['examples/support-search'],
  },
];

/** Name of an image that was built here and is pulled from nowhere. */
export function imageName(name: string, tag: string): string {
  return `localhost/${name}:${tag}`;
}
