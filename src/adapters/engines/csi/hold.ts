/** Holding, letting go of a hold, and looking. */
import {
  HELD_LABEL,
  MANAGER,
  PURGE_MANAGER,
  RELEASED_ANNOTATION,
  RETAIN_UNTIL_ANNOTATION,
  UNDELETE_MANAGER,
} from '../../../api/names.ts';
import { ceilToSecond, formatInstant, instantOf, later, parseInstant, type Instant } from '../../../domain/time.ts';
import type { EngineDisk, EnginePoint, ProbeReport, ReleaseReason, Step } from '../../../ports/engine.ts';
import { find, patchContent } from './contents.ts';
import type { SnapshotContent } from './objects.ts';
import type { Parts } from './parts.ts';
import type { Prover } from './prove.ts';
import { done, unknown } from './steps.ts';
import { type Standing, standingOf } from './take.ts';

/**
 * Disk by disk, in the order of the record: a purge goes the same way, so that the first disk decides between the two. Held is
 * what the API server has stored (the answer to the write); then the driver is asked whether there is anything to hold.
 */
export async function hold(
  parts: Parts,
  prover: Prover,
  point: EnginePoint,
  untilMs: number,
): Promise<Step<{ readonly retainUntilMs: number }>> {
  const until = ceilToSecond(instantOf(untilMs));
  const held: Held[] = [];
  for (const disk of point.disks) {
    const step = await holdDisk(parts, point, disk, until);
    if (step.type !== 'Done') return step;
    held.push(step.value);
  }
  const proven = await prover.recently(
    point.pointID,
    held.map(({ disk }) => disk),
  );
  if (proven.type !== 'Done') return proven;
  const retainUntilMs = Math.min(...held.map((one) => one.until));
  return retainUntilMs < until
    ? unknown(`point ${point.pointID}: the hold can't be read back`)
    : done({ retainUntilMs });
}

interface Held {
  readonly disk: EngineDisk;
  readonly until: Instant;
}

async function holdDisk(parts: Parts, point: EnginePoint, disk: EngineDisk, until: Instant): Promise<Step<Held>> {
  const standing = await standingOf(parts, point, disk);
  if (standing.type !== 'Done') return standing;
  const before = holdOf(standing.value.content);
  if (before === 'Unreadable') return unreadable(standing.value);
  const already = before !== undefined && before >= until && isLabelled(standing.value.content);
  const content = already
    ? standing.value.content
    : await patchContent(
        parts,
        standing.value.content,
        {
          metadata: {
            labels: { [HELD_LABEL]: 'true' },
            annotations: {
              [RETAIN_UNTIL_ANNOTATION]: formatInstant(later(until, before)),
              [RELEASED_ANNOTATION]: null,
            },
          },
        },
        MANAGER,
      );
  const after = holdOf(content);
  if (after === undefined || after === 'Unreadable') return unreadable({ ...standing.value, content });
  return done({ disk: standing.value.disk, until: after });
}

function unreadable({ content }: Standing): Step<never> {
  return unknown(
    `content ${content.metadata.name}: ${RETAIN_UNTIL_ANNOTATION} is not a time, so nobody knows how long it is to be held`,
  );
}

function isLabelled({ metadata }: SnapshotContent): boolean {
  return metadata.labels?.[HELD_LABEL] === 'true';
}

/** Whether a hold stands, past or not. Half of one counts: somebody may have taken off the other half. */
export function isHeld(content: SnapshotContent): boolean {
  return isLabelled(content) || content.metadata.annotations?.[RETAIN_UNTIL_ANNOTATION] !== undefined;
}

/** Until when; undefined where nothing says so. */
function holdOf({ metadata }: SnapshotContent): Instant | 'Unreadable' | undefined {
  const text = metadata.annotations?.[RETAIN_UNTIL_ANNOTATION];
  return text === undefined ? undefined : (parseInstant(text) ?? 'Unreadable');
}

const managers: Readonly<Record<ReleaseReason, string>> = { Undelete: UNDELETE_MANAGER, Purge: PURGE_MANAGER };

/** A write of its own with a manager of its own, which admission policies can tell from all others. The policy stays Retain. */
export async function release(
  parts: Parts,
  point: EnginePoint,
  reason: ReleaseReason,
): Promise<Step<{ readonly released: boolean }>> {
  let released = false;
  for (const disk of point.disks) {
    const { content, leaving } = await find(parts, point, disk);
    for (const one of [content, leaving]) {
      if (one === undefined || !isHeld(one)) continue;
      const annotations = { [RETAIN_UNTIL_ANNOTATION]: null, [RELEASED_ANNOTATION]: reason };
      const metadata = { labels: { [HELD_LABEL]: null }, annotations };
      await patchContent(parts, one, { metadata }, managers[reason]);
      released = true;
    }
  }
  return done({ released });
}

export async function probe(parts: Parts, prover: Prover, point: EnginePoint): Promise<Step<ProbeReport>> {
  const absent = done({ present: false, retainUntilMs: undefined });
  if (point.disks.length === 0 || point.disks.some(({ handle }) => handle === undefined)) return absent;
  const found = await Promise.all(point.disks.map((disk) => find(parts, point, disk)));
  const disks = found.map(({ disk, content }) =>
    content === undefined ? disk : { ...disk, driver: content.spec.driver },
  );
  const proofs = await prover.now(point.pointID, disks);
  if (proofs.type !== 'Done') return proofs;
  if (proofs.value.includes('Absent')) return absent;
  if (proofs.value.includes('Unprovable'))
    return unknown(`point ${point.pointID}: its driver can't list snapshots, so nothing proves that the data is there`);
  const holds = found.map(({ content }) => (content === undefined ? undefined : holdOf(content)));
  if (holds.includes('Unreadable')) return unknown(`point ${point.pointID}: ${RETAIN_UNTIL_ANNOTATION} is not a time`);
  return done({ present: true, retainUntilMs: shortest(holds) });
}

/** A point is held as long as its disk that is held shortest. */
function shortest(holds: readonly (Instant | 'Unreadable' | undefined)[]): number | undefined {
  const times = holds.filter((one) => typeof one === 'number');
  return times.length < holds.length ? undefined : Math.min(...times);
}
