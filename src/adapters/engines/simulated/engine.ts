/**
 * An engine for trying the life cycle without storage: one file per disk and point (storage.ts shows the layout). Development
 * only; its data are a few bytes. One process at a time may write: steps on one point are kept apart within this one alone.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { Cancel, Clock } from '../../../ports/clock.ts';
import type {
  Engine,
  EngineDisk,
  EnginePoint,
  EngineSource,
  ProbeReport,
  PurgeEvidence,
  SourceReport,
  Step,
  TakenDisk,
} from '../../../ports/engine.ts';
import { parseFault, type Fault } from './faults.ts';
import { blocked, done, evidenceOf, firstAlien, holdOf, storedOf, takenOf, type Found } from './found.ts';
import { badName, heldUntil, isID, retainUntilMs, withoutHold, type DiskRecord } from './record.ts';
import { reportOf, sourceFile } from './sources.ts';
import { Storage } from './storage.ts';

type StepName = 'inspect' | 'take' | 'hold' | 'release' | 'probe' | 'purge' | 'leftovers';

export class SimulatedEngine implements Engine {
  readonly type = 'Simulated';
  readonly #storage: Storage;
  readonly #clock: Clock;
  /** The last step under way of each point. */
  readonly #tails = new Map<string, Promise<unknown>>();
  #closed = false;

  private constructor(storage: Storage, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
  }

  /**
   * @param directory made where it isn't there; becomes a storage where it is empty
   * @throws Error of node:fs where it can't be made or read, StorageUnavailable where it has something and is no storage
   */
  static async open(directory: string, clock: Clock): Promise<SimulatedEngine> {
    return new SimulatedEngine(await Storage.open(directory), clock);
  }

  inspect(source: EngineSource): Promise<Step<SourceReport>> {
    return this.#step('inspect', `${source.namespace}.${source.name}`, () => this.#report(source));
  }

  take(point: EnginePoint): Promise<Step<{ readonly disks: readonly TakenDisk[] }>> {
    return this.#onPoint('take', point, (found) => {
      const alien = firstAlien(point, found, 'UnlessUnrecorded');
      if (alien !== undefined) return alien;
      const lost = found.find(({ disk, record }) => record === undefined && disk.handle !== undefined);
      if (lost !== undefined)
        return blocked(`${lost.file}: handle ${lost.disk.handle ?? ''} is recorded and not there`);
      if (found.length === 0) return blocked('the point names no disk');
      const missing = found.filter(({ record }) => record === undefined);
      if (missing.length > 0) {
        const report = this.#report(point.source);
        if (report.type !== 'Done') return report;
        if (report.value.type === 'Absent') return blocked(report.value.words);
      }
      for (const { file, disk } of missing) this.#storage.create(file, this.#newRecord(point, disk));
      return takenOf(point, this.#find(point));
    });
  }

  hold(point: EnginePoint, untilMs: number): Promise<Step<{ readonly retainUntilMs: number }>> {
    return this.#onPoint('hold', point, async (found) => {
      const stored = storedOf(point, found);
      if ('type' in stored) return stored;
      for (const { file, record } of stored) {
        if ((retainUntilMs(record) ?? -Infinity) < untilMs)
          await this.#storage.replace(file, heldUntil(record, untilMs));
      }
      const until = holdOf(this.#find(point));
      return until === undefined || until < untilMs
        ? { type: 'Unknown', words: `point ${point.pointID}: the hold can't be read back` }
        : done({ retainUntilMs: until });
    });
  }

  release(point: EnginePoint): Promise<Step<{ readonly released: boolean }>> {
    return this.#onPoint('release', point, async (found) => {
      const alien = firstAlien(point, found, 'Strictly');
      if (alien !== undefined) return alien;
      let released = false;
      for (const { file, record } of found) {
        if (record?.retainUntil === undefined) continue;
        await this.#storage.replace(file, withoutHold(record));
        released = true;
      }
      return done({ released });
    });
  }

  probe(point: EnginePoint): Promise<Step<ProbeReport>> {
    return this.#onPoint('probe', point, (found) => {
      const present = !('type' in storedOf(point, found));
      return done({ present, retainUntilMs: present ? holdOf(found) : undefined });
    });
  }

  purge(point: EnginePoint): Promise<Step<PurgeEvidence>> {
    return this.#onPoint('purge', point, (found) => {
      const alien = firstAlien(point, found, 'Strictly');
      if (alien !== undefined) return alien;
      const held = found.find(({ record }) => record?.retainUntil !== undefined);
      if (held !== undefined) return blocked(`${held.file}: is held until ${held.record?.retainUntil ?? ''}`);
      for (const { file, record } of found) if (record !== undefined) this.#storage.remove(file);
      this.#storage.prune(point);
      const left = this.#storage.list('items', point.itemID, point.pointID);
      if (left.length > 0) return blocked(`point ${point.pointID}: ${left.join(', ')} is there and not in its record`);
      return done({ lines: found.map(evidenceOf) });
    });
  }

  leftovers(itemID: string): Promise<Step<readonly string[]>> {
    return this.#step('leftovers', itemID, () => {
      if (!isID(itemID)) return blocked(`${JSON.stringify(itemID)} can't be the name of a directory here`);
      const handles: string[] = [];
      for (const pointID of this.#storage.list('items', itemID)) {
        for (const name of this.#storage.list('items', itemID, pointID)) {
          const record = this.#storage.read(`items/${itemID}/${pointID}/${name}`);
          if (record?.itemID === itemID) handles.push(record.handle);
        }
      }
      return done(handles);
    });
  }

  /** Never calls: every step ends at once, and one that a fault keeps pending is to be asked again by time. */
  subscribe(_changed: (pointID: string) => void): Cancel {
    return () => undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#tails.values());
  }

  #report(source: EngineSource): Step<SourceReport> {
    const file = sourceFile(source);
    if (file === undefined) return blocked(`${source.namespace}/${source.name} can't be the name of a file here`);
    return reportOf(source, this.#storage.text(file), file);
  }

  #newRecord(point: EnginePoint, disk: EngineDisk): DiskRecord {
    const takenAt = new Date(this.#clock.wallMs()).toISOString();
    const { itemID, pointID, source } = point;
    const bytes = createHash('sha256')
      .update(`${source.namespace}/${source.name}/${disk.name} at ${takenAt}`)
      .digest('hex');
    const handle = `sim-${randomUUID()}`;
    return { handle, itemID, pointID, disk: disk.name, source, sizeBytes: bytes.length, takenAt, content: bytes };
  }

  #find(point: EnginePoint): readonly Found[] {
    return point.disks.map((disk) => {
      const file = this.#storage.fileOf(point, disk);
      return { disk, file, record: this.#storage.read(file) };
    });
  }

  /** A step that reads the point's files first. One at a time for each point, or a hold could overwrite a later one. */
  async #onPoint<T>(
    name: StepName,
    point: EnginePoint,
    act: (found: readonly Found[]) => Promise<Step<T>> | Step<T>,
  ): Promise<Step<T>> {
    const bad = badName(point);
    if (bad !== undefined) return blocked(bad);
    const before = this.#tails.get(point.pointID);
    const step = (async () => {
      await before;
      return this.#step(name, point.pointID, () => act(this.#find(point)));
    })();
    this.#tails.set(point.pointID, step);
    const answer = await step;
    if (this.#tails.get(point.pointID) === step) this.#tails.delete(point.pointID);
    return answer;
  }

  /**
   * Every step's frame: nothing is believed, least of all an absence, unless the marker was there before and after. Whatever
   * goes wrong on the way is Unknown; this is the edge where the file system's errors become answers.
   */
  async #step<T>(name: StepName, id: string, act: () => Promise<Step<T>> | Step<T>): Promise<Step<T>> {
    if (this.#closed) return { type: 'Unknown', words: 'the engine is closed' };
    try {
      this.#storage.requireMarker();
      const answer = this.#fault(name, id) ?? (await act());
      this.#storage.requireMarker();
      return answer;
    } catch (error) {
      return { type: 'Unknown', words: error instanceof Error ? error.message : String(error) };
    }
  }

  /** A fault for this very point (item, source) goes before one for every use of the step. */
  #fault(name: StepName, id: string): Fault | undefined {
    const files = this.#storage.list('faults');
    const file = [`${name}.${id}`, name].find((candidate) => files.includes(candidate));
    if (file === undefined) return undefined;
    const text = this.#storage.text(`faults/${file}`);
    return text === undefined ? undefined : parseFault(text, `faults/${file}`);
  }
}
