export type { InjectionSettings } from './settings.ts';
