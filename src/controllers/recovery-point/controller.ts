/** The RecoveryPoint controller: a raw-deleted point comes back as it was. Its key is the name that users know. */
import type { ObjectKey } from '../../api/meta.ts';
import { keyOf, parseKey } from '../../api/meta.ts';
import {
  API_VERSION,
  BACKUP_ITEMS,
  MANAGER,
  RECOVERY_POINTS,
  RETENTION_FINALIZER,
  STAND_IN_FOR_ANNOTATION,
} from '../../api/names.ts';
import type { RecoveryPoint } from '../../api/recovery-point.gen.ts';
import { decidePoint, type PointObject, type PointStep } from '../../domain/recovery-point/decide.ts';
import { suffixed } from '../../domain/object-name.ts';
import { hasCode } from '../../ports/kube.ts';
import type { Reconciler } from '../../runtime/controller.ts';
import { mergePatch } from '../../runtime/merge-patch.ts';
import { DONE, type ReconcileResult } from '../../runtime/result.ts';
import type { Context } from '../context.ts';
import { patchFinalizers } from '../finalizers.ts';
import { recordLabels } from '../labels.ts';

const STEPS = 16;

export class RecoveryPointReconciler implements Reconciler {
  readonly name = 'recovery-point';
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const { stores } = this.#context;
    for (let step = 0; step < STEPS; step++) {
      const point = stores.points.get(keyOf(key));
      const standIn = this.#standInOf(key);
      const decision = decidePoint({
        name: key.name,
        point: point && this.#decode(point),
        standIn: standIn && this.#decode(standIn),
        namespaceTerminating: stores.namespaces.facets(`/${key.namespace}`)?.terminating ?? false,
        itemPurged: this.#isPurged(key, point ?? standIn),
      });
      if (decision.type === 'Wait') return DONE;
      await this.#perform(key, decision);
    }
    return DONE;
  }

  #isPurged({ namespace }: ObjectKey, point: RecoveryPoint | undefined): boolean {
    const { items } = this.#context.stores;
    const [item] = items.indexed('itemID', `${namespace}/${point?.spec.itemID ?? ''}`);
    return item !== undefined && items.facets(item)?.deleteState === 'Purged';
  }

  #standInOf({ namespace, name }: ObjectKey): RecoveryPoint | undefined {
    const { points } = this.#context.stores;
    const [first] = points.indexed('standInFor', `${namespace}/${name}`);
    return first === undefined ? undefined : points.get(first);
  }

  async #perform(key: ObjectKey, step: Exclude<PointStep, { type: 'Wait' }>): Promise<void> {
    switch (step.type) {
      case 'AddFinalizer':
        return this.#setFinalizer(key.namespace, step.object, true);
      case 'SetLabels':
        await this.#setLabels(key.namespace, step.object);
        return;
      case 'LetGo':
        return this.#setFinalizer(key.namespace, step.object, false);
      case 'CreateStandIn':
        return this.#create(key, step.of, standInName(key.name, this.#context.hash(step.of.uid)));
      case 'CreatePoint':
        return this.#create(key, step.from, key.name);
      case 'WriteStatus':
        return this.#writeStatus(key.namespace, step.object, step.status);
      case 'RemoveStandIn':
        await this.#remove(key.namespace, step.object);
        if (step.restored) this.#say(key, step.object);
    }
  }

  /** @throws Error where the object has left the cache since: the reconcile is repeated on what is there then */
  #cached(namespace: string, { name, uid }: PointObject): RecoveryPoint {
    const object = this.#context.stores.points.get(`${namespace}/${name}`);
    if (object?.metadata.uid !== uid) throw new Error(`recoverypoints ${namespace}/${name}: replaced meanwhile`);
    return object;
  }

  async #setFinalizer(namespace: string, point: PointObject, present: boolean): Promise<void> {
    const { kube, stores } = this.#context;
    const object = this.#cached(namespace, point);
    await patchFinalizers(kube, stores.points, {
      type: RECOVERY_POINTS,
      object,
      finalizer: RETENTION_FINALIZER,
      present,
    });
  }

  #decode(object: RecoveryPoint): PointObject {
    const { metadata, spec, status } = object;
    return {
      name: metadata.name,
      uid: metadata.uid ?? '',
      terminating: metadata.deletionTimestamp !== undefined,
      hasFinalizer: metadata.finalizers?.includes(RETENTION_FINALIZER) ?? false,
      spec,
      status: status ?? {},
      labelled: Object.entries(this.#labelsOf(object)).every(([name, value]) => metadata.labels?.[name] === value),
    };
  }

  async #setLabels(namespace: string, point: PointObject): Promise<void> {
    const { kube, stores } = this.#context;
    const object = this.#cached(namespace, point);
    const written = await kube.patch<RecoveryPoint>(
      RECOVERY_POINTS,
      { namespace, name: point.name },
      {
        metadata: {
          resourceVersion: object.metadata.resourceVersion ?? '',
          uid: point.uid,
          labels: this.#labelsOf(object),
        },
      },
      { fieldManager: MANAGER },
    );
    stores.points.upsert(written.object);
  }

  #labelsOf({ spec }: RecoveryPoint): Readonly<Record<string, string>> {
    return recordLabels({ vaultName: spec.vaultRef.name, source: spec.source }, spec.itemID, this.#context.hash);
  }

  /** A copy with the same spec: a stand-in under a derived name, or the point itself from its stand-in. */
  async #create(key: ObjectKey, from: PointObject, name: string): Promise<void> {
    const { kube, stores } = this.#context;
    const original = this.#cached(key.namespace, from);
    const { labels } = original.metadata;
    const copy: RecoveryPoint = {
      apiVersion: API_VERSION,
      kind: 'RecoveryPoint',
      metadata: {
        name,
        namespace: key.namespace,
        finalizers: [RETENTION_FINALIZER],
        ...(labels === undefined ? {} : { labels }),
        ...(name === key.name ? {} : { annotations: { [STAND_IN_FOR_ANNOTATION]: key.name } }),
      },
      spec: original.spec,
    };
    try {
      stores.points.upsert((await kube.create(RECOVERY_POINTS, copy, { fieldManager: MANAGER })).object);
    } catch (error) {
      if (!hasCode(error, 'AlreadyExists')) throw error;
      stores.points.upsert(await kube.get<RecoveryPoint>(RECOVERY_POINTS, { namespace: key.namespace, name }));
    }
  }

  async #writeStatus(namespace: string, point: PointObject, status: PointObject['status']): Promise<void> {
    const object = this.#cached(namespace, point);
    const patch = mergePatch((object.status ?? {}) as Record<string, unknown>, status as Record<string, unknown>);
    if (patch === undefined) return;
    const written = await this.#context.kube.patchStatus<RecoveryPoint>(
      RECOVERY_POINTS,
      { namespace, name: point.name },
      { metadata: { resourceVersion: object.metadata.resourceVersion ?? '', uid: point.uid }, status: patch },
      { fieldManager: MANAGER },
    );
    this.#context.stores.points.upsert(written.object);
  }

  async #remove(namespace: string, point: PointObject): Promise<void> {
    const object = this.#cached(namespace, point);
    if (object.metadata.deletionTimestamp === undefined) {
      await this.#context.kube.delete(RECOVERY_POINTS, { namespace, name: point.name }, { uid: point.uid });
      const deleted = await this.#context.kube.get<RecoveryPoint>(RECOVERY_POINTS, { namespace, name: point.name });
      this.#context.stores.points.upsert(deleted);
    }
    await this.#setFinalizer(namespace, point, false);
  }

  /** Said on the item, whose owner should know that somebody deletes its points. */
  #say(key: ObjectKey, point: PointObject): void {
    const { stores, events } = this.#context;
    const { itemID } = this.#specOf(key, point);
    const [itemKey] = stores.items.indexed('itemID', `${key.namespace}/${itemID}`);
    const uid = itemKey === undefined ? undefined : stores.items.facets(itemKey)?.uid;
    if (itemKey === undefined || uid === undefined) return;
    events.record({
      regarding: { type: BACKUP_ITEMS, key: parseKey(itemKey), uid },
      type: 'Warning',
      reason: 'RecoveryPointRestored',
      note: `recovery point ${key.name} was deleted by hand and has been put back; delete the item to delete its data`,
      action: 'RestoreRecord',
    });
  }

  #specOf(key: ObjectKey, point: PointObject): RecoveryPoint['spec'] {
    return this.#context.stores.points.get(keyOf(key))?.spec ?? (point.spec as RecoveryPoint['spec']);
  }
}

function standInName(name: string, hash: string): string {
  return suffixed(name, `stand-in-${hash.slice(0, 8)}`);
}

/** The key under which a point's events are handled: its own name, or the one it stands in for. */
export function pointKey(key: string, facets: { readonly standInFor: string | undefined } | undefined): string {
  return facets?.standInFor === undefined
    ? key
    : keyOf({ namespace: parseKey(key).namespace, name: facets.standInFor });
}
