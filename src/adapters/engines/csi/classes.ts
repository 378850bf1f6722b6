/** Which VolumeSnapshotClass to use, and what is to be known of it. */
import { SNAPSHOT_CLASS_LABEL, VOLUME_SNAPSHOT_CLASSES } from '../../../api/names.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Step } from '../../../ports/engine.ts';
import { isNotFound, type KubeApi } from '../../../ports/kube.ts';
import { LIST_SECRET_PARAMETER } from './names.ts';
import type { SnapshotClass } from './objects.ts';
import { blocked, done } from './steps.ts';

/**
 * The one that is marked for us; else the only one with policy Retain, as with another a deleted namespace takes the data along
 * until the policy has been changed; else the only one there is. The default class is not asked: it says what to use where nothing
 * is known, and here the policy is.
 */
export function chooseClass(classes: readonly SnapshotClass[], driver: string): Step<string> {
  const fitting = classes.filter((one) => one.driver === driver && one.metadata.deletionTimestamp === undefined);
  const marked = fitting.filter(({ metadata }) => metadata.labels?.[SNAPSHOT_CLASS_LABEL] === 'true');
  const retaining = fitting.filter(({ deletionPolicy }) => deletionPolicy === 'Retain');
  const candidates = [marked, retaining, fitting].find((group) => group.length > 0) ?? [];
  const [only] = candidates;
  if (only === undefined)
    return blocked(
      `no VolumeSnapshotClass for driver ${driver}: create one with deletionPolicy Retain, labelled ${SNAPSHOT_CLASS_LABEL}=true`,
    );
  if (candidates.length === 1) return done(only.metadata.name);
  const names = candidates.map(({ metadata }) => metadata.name).join(', ');
  return blocked(
    `several VolumeSnapshotClasses for driver ${driver} (${names}): label the one to use ${SNAPSHOT_CLASS_LABEL}=true`,
  );
}

/** Read again after this; a driver that isn't given its Secret refuses, and that is no answer. */
const REMEMBERED_MS = 60_000;

/** Remembers for a minute which classes have a Secret for ListSnapshots: every question to a driver needs to know. */
export function listSecrets(kube: KubeApi, clock: Clock): (className: string) => Promise<boolean> {
  const known = new Map<string, { readonly value: boolean; readonly atMs: number }>();
  return async (className) => {
    const entry = known.get(className);
    if (entry !== undefined && clock.monotonicMs() - entry.atMs < REMEMBERED_MS) return entry.value;
    const value = await hasListSecret(kube, className);
    known.set(className, { value, atMs: clock.monotonicMs() });
    return value;
  };
}

async function hasListSecret(kube: KubeApi, name: string): Promise<boolean> {
  try {
    const found = await kube.get<SnapshotClass>(VOLUME_SNAPSHOT_CLASSES, { namespace: '', name });
    return found.parameters?.[LIST_SECRET_PARAMETER] !== undefined;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
