/** State and what comes, to rule and what it does. The tests decide by this table, and docs/states.md is printed from it. */
import { atTheEnd, softDeleted } from './deleted.ts';
import type { Transition } from './facts.ts';
import { fresh, kept } from './kept.ts';

export const transitions: readonly Transition[] = [...fresh, ...kept, ...softDeleted, ...atTheEnd];
