/** What the story is played on: a control plane with the manifests applied, and the operator as a process of its own. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { startControlPlane, type ControlPlane } from '../test/support/control-plane/control-plane.ts';
import { installManifests } from '../test/support/operator/identity.ts';
import { startOperator, type OperatorProcess } from '../test/support/operator/process.ts';

export type { ControlPlane } from '../test/support/control-plane/control-plane.ts';
export type KubectlResult = Awaited<ReturnType<ControlPlane['kubectl']>>;

export interface Stage {
  readonly plane: ControlPlane;
  /** Of the simulated engine; `items` below it is there from the first backup on. */
  readonly storage: string;
  readonly dayMs: number;
  /** What the operator has logged so far. */
  readonly log: () => string;
  /** The operator ends and starts again with longer days. */
  readonly slowDown: (dayLength: string) => Promise<void>;
  /** Ends every process and removes every file. */
  readonly close: () => Promise<void>;
}

/** @param onPlane is told of the plane before the operator is there, so that it can be ended in between */
export async function setStage(daySeconds: number, onPlane: (plane: ControlPlane) => void): Promise<Stage> {
  const plane = await startControlPlane();
  onPlane(plane);
  await installManifests(plane, 'overlays/development');
  const storage = path.join(plane.dir, 'storage');
  await mkdir(storage);
  let operator: OperatorProcess = await startOperator(plane, { storage, dayLength: `${daySeconds}s` });
  await operator.leading();
  const { identity } = operator;
  return {
    plane,
    storage,
    dayMs: daySeconds * 1000,
    log: () => operator.output(),
    slowDown: async (dayLength) => {
      await operator.stop();
      operator = await startOperator(plane, { storage, dayLength, identity });
      await operator.leading();
    },
    close: async () => {
      await operator.stop();
      await plane.stop();
    },
  };
}
