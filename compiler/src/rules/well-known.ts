import type { Problem } from '@rankguard/contract';
import type { Location } from '../ast.ts';

export const ALLOW = 'allow';
/** The sets that a policy contributes to, with the members of their items. */
export const ITEMS = {
  deny: { required: ['code', 'message'], optional: [] },
  mask: { required: ['path', 'with'], optional: [] },
  drop: { required: ['index', 'reason'], optional: [] },
  limit: { required: ['documents'], optional: ['truncate'] },
  rank: { required: ['verb'], optional: [] },
} as const;
export type ItemRule = keyof typeof ITEMS;
/** Rules that mean something in a later version: refused, so that nobody relies on what does not act. */
export const LATER = ['hold'];
/** Every package of a policy lies below this one. */
export const ROOT = 'rankguard';

export type Report = (severity: Problem['severity'], location: Location | undefined, message: string) => void;
