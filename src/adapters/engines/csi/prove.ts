/**
 * Whether the driver has a handle. A content's own `readyToUse` is no answer: it is set once and never looked at again, and stays
 * where the bytes are gone. A fresh pre-provisioned content is: csi-snapshotter asks ListSnapshots for it.
 *
 * - A driver without ListSnapshots has every handle "ready". So a handle that can't exist is asked for as well: if that is ready,
 *   the driver's word proves nothing.
 * - An error is no absence. "Can not find" is, if a second content made after the first answer says it too, and the first still does.
 *
 * These contents have policy Retain, no finalizer and no item's label: they can't take bytes along, and are deleted once read.
 */
import { ASKED_AT_ANNOTATION, POINT_ID_LABEL, PROBE_LABEL, VOLUME_SNAPSHOT_CONTENTS } from '../../../api/names.ts';
import type { EngineDisk, Step } from '../../../ports/engine.ts';
import { isConflict, isNotFound } from '../../../ports/kube.ts';
import { createContent, newContent, readContent } from './contents.ts';
import { controlName, probeName } from './names.ts';
import type { SnapshotContent } from './objects.ts';
import type { Parts } from './parts.ts';
import { blocked, done, type NotDone, soon, together, unknown, waiting } from './steps.ts';

/** `Unprovable`: the driver takes every handle for an existing one. */
export type Proof = 'Present' | 'Absent' | 'Unprovable';

export interface Answer {
  readonly proof: Proof;
  readonly questions: readonly SnapshotContent[];
}

/** `destroyed` asks with contents of its own, made after the destruction. */
export type Purpose = 'probe' | 'destroyed';

/** Answers older than this are asked for anew. */
const FRESH_MS = 60_000;
/** What a driver can do changes with its version only; that it seems to be unable may be a fault of today. */
const CAPABLE_MS = 600_000;
const INCAPABLE_MS = 60_000;
/** How long an answer spares steps that keep data another question. */
const REMEMBERED_MS = 300_000;
const NO_SUCH_HANDLE = 'reprieve-no-such-snapshot';

interface Subject {
  readonly pointID: string;
  readonly driver: string;
  readonly handle: string;
  readonly disk: EngineDisk;
}

type Verdict =
  | { readonly type: 'Ready' | 'NotFound' | 'None' }
  /** The driver failed or refused. */
  | { readonly type: 'Error'; readonly words: string };

export class Prover {
  readonly #parts: Parts;
  /** Whether a driver tells handles apart. */
  readonly #capable = new Map<string, { readonly value: boolean; readonly atMs: number }>();
  /** Handles that were there, as far as their driver can tell. */
  readonly #known = new Map<string, { readonly atMs: number }>();

  /** Questions known to be there, so that they are read without trying to make them first. */
  readonly #asked = new Set<string>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Whether all these disks are there, for steps that destroy nothing: a proof of the last five minutes will do. */
  async recently(pointID: string, disks: readonly EngineDisk[]): Promise<Step<readonly EngineDisk[]>> {
    const steps = await Promise.all(
      disks.map(async (disk): Promise<Step<EngineDisk>> => {
        const key = `${disk.driver ?? ''}\n${disk.handle ?? ''}`;
        const known = this.#known.get(key);
        if (known !== undefined && this.#age(known) < REMEMBERED_MS) return done(disk);
        const step = await this.ask(pointID, disk, 'probe');
        if (step.type !== 'Done') return step;
        if (step.value.proof !== 'Absent') this.#remember(key);
        await this.sweep(step.value.questions);
        return unlessAbsent(disk, step.value.proof);
      }),
    );
    return together(steps);
  }

  /** All of them anew. Questions of one disk stay until the others are answered: else each would wait for the other. */
  async now(pointID: string, disks: readonly EngineDisk[]): Promise<Step<readonly Proof[]>> {
    const steps = await Promise.all(disks.map((disk) => this.ask(pointID, disk, 'probe')));
    const answers = steps.flatMap((step) => (step.type === 'Done' ? [step.value] : []));
    // One disk that is gone is enough, whatever the others' drivers say.
    const isAbsent = answers.some(({ proof }) => proof === 'Absent');
    if (!isAbsent && answers.length < steps.length) return together(steps.map(proofOf));
    await this.sweep(answers.flatMap(({ questions }) => questions));
    return done(answers.map(({ proof }) => proof));
  }

  /** The driver's answer, with the contents that asked for it: whoever needs it no more sweeps them. */
  async ask(pointID: string, disk: EngineDisk, purpose: Purpose): Promise<Step<Answer>> {
    const { driver, handle } = disk;
    if (driver === undefined || handle === undefined)
      return unknown(`disk ${disk.name}: the record doesn't name the driver and the handle to ask for`);
    const subject = { pointID, driver, handle, disk };
    const name = (attempt: 1 | 2) => probeName(purpose, driver, handle, attempt);
    const first = await this.#question(subject, name(1));
    if ('type' in first) return first;
    const verdict = verdictOf(first);
    if (verdict.type === 'None') return waiting();
    if (verdict.type === 'Error') return failed(subject, verdict.words);
    if (verdict.type === 'NotFound') return this.#notFound(subject, first, name(2));
    // Found at the second try: the second question is there too.
    const second = this.#asked.has(name(2)) ? await readContent(this.#parts, name(2)) : undefined;
    return this.#ready(subject, second === undefined ? [first] : [first, second]);
  }

  /** The content that asks, made where there is none, and anew where it is old. */
  async #question(subject: Subject, name: string): Promise<SnapshotContent | NotDone> {
    if (!this.#asked.delete(name) && (await this.#create(subject, name))) {
      this.#asked.add(name);
      return waiting();
    }
    const content = await readContent(this.#parts, name);
    if (content === undefined) return soon();
    if (!this.#isStale(content)) {
      this.#asked.add(name);
      return content;
    }
    await this.#remove(content);
    return verdictOf(content).type === 'None'
      ? unknown(`driver ${subject.driver}: its csi-snapshotter has not answered for a minute; does it run?`)
      : soon();
  }

  async #ready(subject: Subject, questions: readonly SnapshotContent[]): Promise<Step<Answer>> {
    const capable = await this.#tellsApart(subject);
    if (capable.type !== 'Done') return capable;
    return done({ proof: capable.value ? 'Present' : 'Unprovable', questions });
  }

  async #notFound(subject: Subject, first: SnapshotContent, secondName: string): Promise<Step<Answer>> {
    const second = await this.#question(subject, secondName);
    if ('type' in second) return second;
    const verdict = verdictOf(second);
    if (verdict.type === 'None') return waiting();
    if (verdict.type === 'Error') return failed(subject, verdict.words);
    if (verdict.type === 'Ready') return this.#ready(subject, [first, second]);
    // csi-snapshotter goes on asking for the first: it may have been found by now.
    const again = await readContent(this.#parts, first.metadata.name);
    if (again === undefined || verdictOf(again).type !== 'NotFound') return soon();
    return done({ proof: 'Absent', questions: [again, second] });
  }

  /** Whether the driver says of a handle that can't exist that it isn't there. */
  async #tellsApart(subject: Subject): Promise<Step<boolean>> {
    const known = this.#knownCapable(subject.driver);
    if (known !== undefined) return done(known);
    const control = await readContent(this.#parts, controlName(subject.driver));
    if (control === undefined || this.#isStale(control)) {
      if (control !== undefined) await this.#remove(control);
      else await this.#create({ ...subject, handle: NO_SUCH_HANDLE }, controlName(subject.driver));
      return soon();
    }
    const verdict = verdictOf(control);
    if (verdict.type === 'None') return soon();
    // A driver may refuse such a handle outright: it has looked at it.
    const isRefused = verdict.type === 'Error' && /code = (InvalidArgument|NotFound)\b/.test(verdict.words);
    if (verdict.type === 'Error' && !isRefused) return unknown(`driver ${subject.driver}: ${verdict.words}`);
    const capable = verdict.type !== 'Ready';
    this.#capable.set(subject.driver, { value: capable, atMs: this.#parts.clock.monotonicMs() });
    await this.#remove(control);
    return done(capable);
  }

  #knownCapable(driver: string): boolean | undefined {
    const known = this.#capable.get(driver);
    if (known === undefined) return undefined;
    return this.#age(known) < (known.value ? CAPABLE_MS : INCAPABLE_MS) ? known.value : undefined;
  }

  #remember(key: string): void {
    for (const [old, entry] of this.#known) if (this.#age(entry) >= REMEMBERED_MS) this.#known.delete(old);
    this.#known.set(key, { atMs: this.#parts.clock.monotonicMs() });
  }

  #age({ atMs }: { readonly atMs: number }): number {
    return this.#parts.clock.monotonicMs() - atMs;
  }

  /** By our own clock, on both sides. Another replica's, or one that was set back, makes it stale at worst. */
  #isStale({ metadata }: SnapshotContent): boolean {
    const askedAt = Date.parse(metadata.annotations?.[ASKED_AT_ANNOTATION] ?? '');
    return !(Math.abs(this.#parts.clock.wallMs() - askedAt) < FRESH_MS);
  }

  /** False: it is there already. */
  async #create({ pointID, driver, handle, disk }: Subject, name: string): Promise<boolean> {
    const content = await newContent(this.#parts, { driver, handle, name, disk });
    const askedAt = new Date(this.#parts.clock.wallMs()).toISOString();
    const labels = { [PROBE_LABEL]: 'true', [POINT_ID_LABEL]: pointID };
    const metadata = { name, labels, annotations: { [ASKED_AT_ANNOTATION]: askedAt } };
    return createContent(this.#parts, { ...content, metadata });
  }

  /** Takes questions away that have been answered, or that nobody asks any more. */
  async sweep(questions: readonly SnapshotContent[]): Promise<void> {
    await Promise.all(questions.map((content) => this.#remove(content)));
  }

  /** Only the object: it is refused where somebody has changed anything about it, such as its policy. */
  async #remove({ metadata, spec }: SnapshotContent): Promise<void> {
    const { name, uid = '', resourceVersion = '', labels = {} } = metadata;
    this.#asked.delete(name);
    if (labels[PROBE_LABEL] !== 'true' || spec.deletionPolicy !== 'Retain') return;
    try {
      await this.#parts.kube.delete(VOLUME_SNAPSHOT_CONTENTS, { namespace: '', name }, { uid, resourceVersion });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}

/** Whether this content only asks, so that nothing follows from its naming a handle. */
export function isProbe({ metadata, spec, status }: SnapshotContent): boolean {
  const isBound = (spec.volumeSnapshotRef.uid ?? '') !== '';
  const isUngrouped = status?.volumeGroupSnapshotHandle === undefined;
  return metadata.labels?.[PROBE_LABEL] === 'true' && spec.deletionPolicy === 'Retain' && !isBound && isUngrouped;
}

/** The words are csi-snapshotter's own (quoted once), never a driver's, which come as an rpc error. */
const NOT_FOUND = /: \\?"can not find snapshot for snapshotID [^"]*"$/;

function verdictOf({ status }: SnapshotContent): Verdict {
  if (status?.readyToUse === true) return { type: 'Ready' };
  const words = status?.error?.message ?? '';
  if (words === '') return { type: 'None' };
  return NOT_FOUND.test(words) ? { type: 'NotFound' } : { type: 'Error', words };
}

function failed({ driver, handle }: Subject, words: string): NotDone {
  return unknown(`driver ${driver} was asked for ${handle}: ${words}`);
}

function proofOf(step: Step<Answer>): Step<Proof> {
  return step.type === 'Done' ? done(step.value.proof) : step;
}

function unlessAbsent(disk: EngineDisk, proof: Proof): Step<EngineDisk> {
  if (proof !== 'Absent') return done(disk);
  const { name, driver = '', handle = '' } = disk;
  return blocked(`disk ${name}: driver ${driver} has no snapshot ${handle}: its data is gone`);
}
