/** Performs one action, with the guards of controllers/backup-item/perform*.ts. */
import type { BackupItem } from '../../../../src/api/backup-item.gen.ts';
import type { BackupJob } from '../../../../src/api/backup-job.gen.ts';
import {
  API_VERSION,
  ITEM_ID_LABEL,
  JOB_FINALIZER,
  PREVIOUS_UID_ANNOTATION,
  RETENTION_FINALIZER,
} from '../../../../src/api/names.ts';
import type { RecoveryPoint } from '../../../../src/api/recovery-point.gen.ts';
import type { Action, NewItem } from '../../../../src/domain/backup-item/actions.ts';
import { decodeItem } from '../../../../src/domain/backup-item/decode.ts';
import { continues, derivedName } from '../../../../src/domain/backup-item/identity.ts';
import type { Item, Job, Point } from '../../../../src/domain/backup-item/observation.ts';
import { canonical } from '../../../../src/domain/canonical.ts';
import { NAMESPACE, quickHash } from '../names.ts';
import { create, read, remove, type Seen, setFinalizer, update, writeItemStatus, type Written } from './api-server.ts';
import { type Kind, Refused, type World } from './world.ts';

/** The world after a write, and what the writer has learnt: objects by kind, or that a name is free now. */
export interface Performed {
  readonly world: World;
  readonly learnt: readonly { readonly kind: Kind; readonly name: string; readonly object: Written<Kind>['object'] }[];
}

type ActionOf<T extends Action['type']> = Extract<Action, { type: T }>;
export type Write = Exclude<
  Action,
  { type: `Look${string}` | 'ReadBackJob' | 'Inspect' | 'Take' | 'Hold' | 'Release' | 'Destroy' }
>;

export interface Guarding {
  /** False in a mutant: status writes that don't say which version they were decided on. */
  readonly guardsStatus: boolean;
}

const guardOf = ({ uid, resourceVersion }: Item | Job | Point): Seen => ({ uid, resourceVersion });

function learnt<K extends Kind>(kind: K, name: string, { world, object }: Written<K>): Performed {
  return { world, learnt: [{ kind, name, object }] };
}

type ToRecords = ActionOf<
  'CreateJob' | 'AcceptJob' | 'WriteJob' | 'CreatePoint' | 'RecordHandles' | 'WritePoint' | 'RemovePoint'
>;

function isToRecords(action: Write): action is ToRecords {
  return /Job$|Point$|^RecordHandles$/.test(action.type);
}

export function write(world: World, action: Write, item: Item, guarding: Guarding): Performed {
  const { name } = item;
  if (isToRecords(action)) return writeRecord(world, action, item);
  switch (action.type) {
    case 'WriteStatus':
      return writeStatus(world, action, item, guarding);
    case 'AddFinalizer':
    case 'RemoveFinalizer': {
      const present = action.type === 'AddFinalizer';
      return learnt(
        'items',
        name,
        setFinalizer(world, 'items', { name, guard: guardOf(item), finalizer: RETENTION_FINALIZER, present }),
      );
    }
    case 'DeleteItem':
      return learnt('items', name, remove(world, 'items', name, guardOf(item)));
    case 'CreateItem':
      return postItem(world, action.item);
  }
}

function writeStatus(world: World, action: ActionOf<'WriteStatus'>, item: Item, { guardsStatus }: Guarding): Performed {
  const { name } = item;
  const judgedAnother = action.expect !== undefined && action.expect.resourceVersion !== item.resourceVersion;
  if (guardsStatus && judgedAnother) throw new Refused('Conflict', 'the object has changed since the cache saw it');
  const guard = guardsStatus ? guardOf(item) : undefined;
  return learnt('items', name, writeItemStatus(world, { name, guard, status: action.status }));
}

function writeRecord(world: World, action: ToRecords, item: Item): Performed {
  switch (action.type) {
    case 'CreateJob':
      return createJob(world, item, action);
    case 'AcceptJob':
      return acceptJob(world, action);
    case 'WriteJob':
      return learnt('jobs', action.job.name, writeJob(world, action.job, action.status));
    case 'CreatePoint':
      return createPoint(world, action);
    case 'RecordHandles':
      return recordHandles(world, action);
    case 'WritePoint':
      return writePoint(world, action);
    case 'RemovePoint':
      return removePoint(world, action.point);
  }
}

export function postItem(world: World, { name, previousUid, record }: NewItem): Performed {
  const object: BackupItem = {
    apiVersion: API_VERSION,
    kind: 'BackupItem',
    metadata: {
      name,
      namespace: NAMESPACE,
      finalizers: [RETENTION_FINALIZER],
      annotations: { [PREVIOUS_UID_ANNOTATION]: previousUid },
    },
    spec: { ...record.spec, protection: 'StopDeleteData' },
  };
  const existing = world.api.items[name];
  if (existing === undefined) return learnt('items', name, create(world, 'items', object));
  const derived = derivedName(record, quickHash);
  if (continues(decodeItem(existing), record)) return learnt('items', name, { world, object: existing });
  if (name === derived) throw new Refused('AlreadyExists', name);
  return postItem(world, { name: derived, previousUid, record });
}

function createJob(world: World, item: Item, { occasion, spec }: ActionOf<'CreateJob'>): Performed {
  for (let attempt = 0; attempt < 20; attempt++) {
    const name = `${item.name}-${spec.operation}-${quickHash(occasion).slice(0, 8)}${attempt === 0 ? '' : `-${attempt + 1}`}`;
    const existing = world.api.jobs[name];
    if (existing === undefined) {
      const labels = spec.itemID === undefined ? {} : { [ITEM_ID_LABEL]: spec.itemID };
      const job: BackupJob = {
        apiVersion: API_VERSION,
        kind: 'BackupJob',
        metadata: { name, namespace: NAMESPACE, finalizers: [JOB_FINALIZER], labels },
        spec,
      };
      return learnt('jobs', name, create(world, 'jobs', job));
    }
    const open = existing.status?.state === undefined || existing.status.state === 'InProgress';
    if (open && canonical(existing.spec) === canonical(spec)) return learnt('jobs', name, { world, object: existing });
  }
  throw new Refused('AlreadyExists', 'twenty names in a row are taken');
}

function acceptJob(world: World, { job, status }: ActionOf<'AcceptJob'>): Performed {
  if (job.hasFinalizer) return learnt('jobs', job.name, writeJob(world, job, status));
  const accepted = setFinalizer(world, 'jobs', {
    name: job.name,
    guard: guardOf(job),
    finalizer: JOB_FINALIZER,
    present: true,
  });
  const { resourceVersion = '' } = read(accepted.world, 'jobs', job.name).metadata;
  return learnt('jobs', job.name, writeJob(accepted.world, { ...job, resourceVersion }, status));
}

function writeJob(world: World, job: Job, status: BackupJob['status']): Written<'jobs'> {
  return update(world, 'jobs', {
    name: job.name,
    guard: guardOf(job),
    change: (object) => ({ ...object, status: status ?? {} }),
  });
}

function createPoint(world: World, { name, spec }: ActionOf<'CreatePoint'>): Performed {
  const existing = world.api.points[name];
  if (existing !== undefined) {
    if (existing.spec.pointID !== spec.pointID) throw new Refused('AlreadyExists', name);
    return learnt('points', name, { world, object: existing });
  }
  const point: RecoveryPoint = {
    apiVersion: API_VERSION,
    kind: 'RecoveryPoint',
    metadata: {
      name,
      namespace: NAMESPACE,
      finalizers: [RETENTION_FINALIZER],
      labels: { [ITEM_ID_LABEL]: spec.itemID },
    },
    spec,
  };
  return learnt('points', name, create(world, 'points', point));
}

function recordHandles(world: World, { point, taken }: ActionOf<'RecordHandles'>): Performed {
  const change = (object: RecoveryPoint): RecoveryPoint => ({
    ...object,
    spec: {
      ...object.spec,
      disks: object.spec.disks.map((disk) => ({ ...disk, ...taken.disks.find(({ name }) => name === disk.name) })),
    },
  });
  return learnt('points', point.name, update(world, 'points', { name: point.name, guard: guardOf(point), change }));
}

function writePoint(world: World, { point, status }: ActionOf<'WritePoint'>): Performed {
  const change = (object: RecoveryPoint): RecoveryPoint => ({ ...object, status: { ...object.status, ...status } });
  return learnt('points', point.name, update(world, 'points', { name: point.name, guard: guardOf(point), change }));
}

function removePoint(world: World, point: Point): Performed {
  const { name } = point;
  if (world.api.points[name] === undefined) return learnt('points', name, { world, object: undefined });
  const free = setFinalizer(world, 'points', {
    name,
    guard: guardOf(point),
    finalizer: RETENTION_FINALIZER,
    present: false,
  });
  if (free.object === undefined) return learnt('points', name, free);
  return learnt('points', name, remove(free.world, 'points', name));
}
