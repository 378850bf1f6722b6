/** What the engine is made of, and how long it is patient. */
import type { Clock } from '../../../ports/clock.ts';
import type { KubeApi } from '../../../ports/kube.ts';

export interface Parts {
  readonly kube: KubeApi;
  readonly clock: Clock;
  /** Of the operator: where contents point that no snapshot is meant to be bound to. */
  readonly namespace: string;
  /** Whether the class of this name has a Secret that ListSnapshots needs. */
  readonly needsListSecret: (className: string) => Promise<boolean>;
  /** How long the storage may fail or be silent before that is said. */
  readonly patienceMs: number;
}

/** Whether something that began then has been under way for longer than is usual. */
export function overdue({ clock, patienceMs }: Parts, since: string | undefined): boolean {
  const began = Date.parse(since ?? '');
  return Number.isFinite(began) && clock.wallMs() - began > patienceMs;
}
