/** What the retention of one item is decided from. */
import type { Intent, ItemRecord, Operation } from '../backup-item/observation.ts';
import type { Days } from '../retention.ts';
import type { Instant } from '../time.ts';
import type { RetentionRule } from './calendar.ts';
import type { RetentionPolicy } from './policy.ts';

/** A point that isn't Purged. */
export interface RetentionPoint {
  /** Unique within the item. */
  readonly id: string;
  /** When its backup was planned, by the operator; undefined where that can't be read. */
  readonly createdAt: Instant | undefined;
  /**
   * `Good`: available, and its data was there when last looked for. `DataUnknown`: available, but the data was not found, or
   * what stands there can't be read. `Creating`: its backup is running. `Failed`: there is nothing to restore.
   */
  readonly state: 'Good' | 'DataUnknown' | 'Creating' | 'Failed';
  /** Asked for by a user: it has an expiry of its own, and takes no scheduled point's place. */
  readonly onDemand: boolean;
  readonly ownExpiry: Instant | undefined | 'Unreadable';
  /** Rules that claimed it before. */
  readonly marks: readonly RetentionRule[];
  /** A restore that reads it. */
  readonly pinnedBy: string | undefined;
}

export interface RetentionItem {
  readonly intent: Intent;
  readonly terminating: boolean;
  readonly policyName: string | undefined;
  /** Undefined: there is none, or it can't be read. */
  readonly record: Pick<ItemRecord, 'deleteState' | 'window' | 'stopped' | 'effectivePolicy'> | undefined;
  /** Operations of its unfinished jobs. */
  readonly unfinished: readonly Operation[];
}

export interface RetentionObservation {
  readonly item: RetentionItem;
  /** The policy that item.policyName names; words where it can't be found or read. */
  readonly policy: RetentionPolicy | { readonly unknown: string };
  readonly points: readonly RetentionPoint[];
  /** The earlier of the clocks; undefined where they can't be trusted. */
  readonly now: Instant | undefined;
  /** Who has suspended purges, if anybody: collecting destroys, too. */
  readonly suspendedBy: string | undefined;
  readonly settings: Days;
}
