/** Which VolumeSnapshotClass to use, by name. Pure. */
import { SNAPSHOT_CLASS_LABEL } from '../../../api/names.ts';
import type { Step } from '../../../ports/engine.ts';
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
