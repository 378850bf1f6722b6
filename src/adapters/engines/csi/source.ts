/** Which disks a source has, and whether each can be snapshotted. Reads only. */
import {
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  VIRTUAL_MACHINES,
  VOLUME_SNAPSHOT_CLASSES,
} from '../../../api/names.ts';
import type { EngineDisk, EngineSource, SourceReport, Step } from '../../../ports/engine.ts';
import { isNotFound } from '../../../ports/kube.ts';
import { chooseClass } from './classes.ts';
import { IMPORT_PHASE_ANNOTATION, STATE_OF_LABEL } from './names.ts';
import type { Claim, SnapshotClass, VirtualMachine, VMVolume, Volume } from './objects.ts';
import type { Parts } from './parts.ts';
import { blocked, done, together } from './steps.ts';

/** The disks of the source, each fit to be snapshotted now; Blocked with the reason of the first that isn't. */
export async function inspect(parts: Parts, source: EngineSource): Promise<Step<SourceReport>> {
  const claims = await claimsOf(parts, source);
  if (claims.type !== 'Done') return claims;
  if (claims.value.type === 'Absent') return claims;
  const disks = claims.value.disks;
  const checked = await preflight(
    parts,
    source,
    disks.map((name) => ({ name })),
  );
  return checked.type === 'Done' ? done({ type: 'Present', disks, planned: checked.value }) : checked;
}

async function claimsOf(parts: Parts, source: EngineSource): Promise<Step<SourceReport>> {
  const { apiVersion, kind, namespace, name } = source;
  if (apiVersion === 'v1' && kind === 'PersistentVolumeClaim') {
    const claim = await absentOr(() => parts.kube.get<Claim>(PERSISTENT_VOLUME_CLAIMS, { namespace, name }));
    return done(claim === undefined ? gone(source) : { type: 'Present', disks: [name] });
  }
  if (apiVersion.startsWith('kubevirt.io/') && kind === 'VirtualMachine') return disksOfVM(parts, source);
  return blocked(`a ${kind} of ${apiVersion} is nothing that has disks to snapshot`);
}

async function disksOfVM({ kube }: Parts, source: EngineSource): Promise<Step<SourceReport>> {
  const { namespace, name } = source;
  const vm = await absentOr(() => kube.get<VirtualMachine>(VIRTUAL_MACHINES, { namespace, name }));
  if (vm === undefined) return done(gone(source));
  const busy = vm.status?.snapshotInProgress ?? '';
  if (busy !== '')
    return blocked(`VirtualMachine ${namespace}/${name}: its VirtualMachineSnapshot ${busy} is under way`);
  const state = await kube.list<Claim>(PERSISTENT_VOLUME_CLAIMS, {
    namespace,
    labelSelector: `${STATE_OF_LABEL}=${name}`,
  });
  const volumes = vm.spec.template?.spec?.volumes ?? [];
  const disks = [...new Set([...volumes.flatMap(claimOf), ...state.map(({ metadata }) => metadata.name)])];
  if (disks.length === 0) return blocked(`VirtualMachine ${namespace}/${name} has no volume that is a claim`);
  return done({ type: 'Present', disks });
}

/** A DataVolume's claim has its name. All else (container disks, cloud-init, ephemeral, ...) holds nothing to keep. */
function claimOf({ persistentVolumeClaim, dataVolume, memoryDump }: VMVolume): readonly string[] {
  const name = persistentVolumeClaim?.claimName ?? dataVolume?.name ?? memoryDump?.claimName;
  return name === undefined ? [] : [name];
}

/**
 * The disks with what is to be recorded of each before anything is done. What a disk says of itself already stands: it was
 * decided when the point was planned.
 */
export async function preflight(
  parts: Parts,
  source: EngineSource,
  disks: readonly EngineDisk[],
): Promise<Step<readonly EngineDisk[]>> {
  const undecided = disks.some(({ snapshotClassName }) => snapshotClassName === undefined);
  const classes = undecided ? await parts.kube.list<SnapshotClass>(VOLUME_SNAPSHOT_CLASSES) : [];
  return together(await Promise.all(disks.map((disk) => checkDisk(parts, source, disk, classes))));
}

async function checkDisk(
  parts: Parts,
  { namespace }: EngineSource,
  disk: EngineDisk,
  classes: readonly SnapshotClass[],
): Promise<Step<EngineDisk>> {
  const where = `PersistentVolumeClaim ${namespace}/${disk.name}`;
  const claim = await absentOr(() => parts.kube.get<Claim>(PERSISTENT_VOLUME_CLAIMS, { namespace, name: disk.name }));
  if (claim === undefined) return blocked(`${where} is not there`);
  const refusal = unfit(claim);
  if (refusal !== undefined) return blocked(`${where} ${refusal}`);
  // Planned with both: snapshot-controller refuses a class that isn't of the volume's driver.
  const isPlanned = disk.driver !== undefined && disk.snapshotClassName !== undefined;
  const driver = isPlanned ? disk.driver : await driverOf(parts, claim);
  if (driver === undefined) return blocked(`${where}: its volume is not one of a CSI driver`);
  if (disk.driver !== undefined && disk.driver !== driver)
    return blocked(`${where}: is of driver ${driver}, and was of ${disk.driver} when the backup was planned`);
  const snapshotClass =
    disk.snapshotClassName === undefined ? chooseClass(classes, driver) : done(disk.snapshotClassName);
  if (snapshotClass.type !== 'Done') return snapshotClass;
  const { volumeMode = 'Filesystem', storageClassName = '' } = claim.spec;
  const ofClass = storageClassName === '' ? {} : { storageClassName };
  return done({ volumeMode, ...ofClass, ...disk, driver, snapshotClassName: snapshotClass.value });
}

async function driverOf({ kube }: Parts, { spec }: Claim): Promise<string | undefined> {
  const key = { namespace: '', name: spec.volumeName ?? '' };
  const volume = await absentOr(() => kube.get<Volume>(PERSISTENT_VOLUMES, key));
  return volume?.spec.csi?.driver;
}

/** What keeps a claim from being snapshotted; undefined where nothing does. */
function unfit({ metadata, spec, status }: Claim): string | undefined {
  if (metadata.deletionTimestamp !== undefined) return 'is being deleted';
  if (status?.phase !== 'Bound' || (spec.volumeName ?? '') === '')
    return `is not bound (${status?.phase ?? 'no phase'})`;
  const phase = metadata.annotations?.[IMPORT_PHASE_ANNOTATION] ?? '';
  if (phase !== '' && phase !== 'Succeeded') return `is still being filled (${phase})`;
  return undefined;
}

function gone({ kind, namespace, name }: EngineSource): SourceReport {
  return { type: 'Absent', words: `${kind} ${namespace}/${name} is not there` };
}

/** Undefined only where the API server says of this very object that it isn't there. */
export async function absentOr<T>(get: () => Promise<T>): Promise<T | undefined> {
  try {
    return await get();
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
