/**
 * Real CSI snapshots beside a control plane: snapshot-controller, csi-snapshotter, and a driver and provisioner of our
 * own whose bytes lie on disk. Why it is made this way: docs/adr/0008-csi-stack.md. How to use it: docs/development.md.
 */
import { mkdir } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlPlaneError, type ControlPlane, type Part } from '../control-plane/control-plane.ts';
import { SupervisedPart } from '../control-plane/part.ts';
import type { Progress } from '../control-plane/go-build.ts';
import { freePort } from '../control-plane/ports.ts';
import { statusOf } from '../control-plane/ready.ts';
import { Supervisor } from '../control-plane/supervisor.ts';
import { type CSIBinaries, findCSIBinaries } from './binaries.ts';
import { CSIBytes } from './bytes.ts';
import { snapshotClasses, storageClasses } from './classes.ts';
import { CSIFaults } from './faults.ts';
import {
  type CSILayout,
  driverCommand,
  provisionerCommand,
  snapshotControllerCommand,
  snapshotterCommand,
} from './flags.ts';

export interface CSIStackOptions {
  /** `quick` (when left out) retries in fractions of a second; `upstream` keeps every default, for tests of back-off. */
  readonly timing?: 'quick' | 'upstream';
  /** Added after the stack's own, so that they win; such as `--timeout=2s`. */
  readonly snapshotterFlags?: readonly string[];
  readonly snapshotControllerFlags?: readonly string[];
  readonly provisionerFlags?: readonly string[];
  /** Gets a line now and then while something takes long or goes wrong; standard error when left out. */
  readonly progress?: Progress;
  /** The variables that decide where the programs are kept; those of this process when left out. */
  readonly environment?: NodeJS.ProcessEnv;
}

export interface CSIParts {
  readonly driver: Part;
  readonly provisioner: Part;
  readonly snapshotController: Part;
  readonly snapshotter: Part;
}

/** CSI snapshots of real bytes for a test or a demonstration. */
export interface CSIStack extends AsyncDisposable {
  /** The driver's name, for contents that are made by hand. */
  readonly driver: string;
  readonly parts: CSIParts;
  /** The driver's directory (layout: tools/csi-stack/driver/main.go). */
  readonly root: string;
  /** The path of the driver's unix socket. */
  readonly socket: string;
  /** What lies in volumes and snapshots. */
  readonly bytes: CSIBytes;
  readonly faults: CSIFaults;
  /** Paths of the programs, such as that of csi-sanity. */
  readonly binaries: CSIBinaries;
  /** Ends the programs and removes every byte. Objects in the API server stay. */
  stop(): Promise<void>;
}

const DRIVER = 'directories.csi.test';
const ATTEMPTS = 5;

/**
 * Applies CRDs, rights and classes (classes.ts) to a plane and starts the four programs, each as the ServiceAccount of
 * its upstream manifest. They live until `stop`, and never longer than this process.
 * @throws ControlPlaneError ExternalCluster for a cluster that was named: it would be left changed
 */
export async function startCSIStack(plane: ControlPlane, options: CSIStackOptions = {}): Promise<CSIStack> {
  if (plane.source === 'cluster') {
    throw new ControlPlaneError(
      'ExternalCluster',
      'the CSI stack runs beside a control plane of its own: unset REPRIEVE_TEST_KUBECONFIG for this',
    );
  }
  const progress = options.progress ?? toStandardError;
  const binaries = await findCSIBinaries(options.environment ?? process.env, progress);
  await kubectl(plane, ['apply', '--server-side', '--filename', binaries.manifests]);
  await kubectl(plane, ['wait', '--for=condition=Established', 'crd', ...CRDS, '--timeout=30s']);
  const classes = [...storageClasses(DRIVER), ...snapshotClasses(DRIVER)];
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: classes });
  await kubectl(plane, ['apply', '--server-side', '--filename', '-'], list);
  // A port that somebody takes between the choice and the start: all again with others.
  for (let attempt = 1; ; attempt += 1) {
    const stack = await ProcessStack.create(plane, binaries, options, progress);
    try {
      await stack.start();
      return stack;
    } catch (error) {
      await stack.stop();
      const isClash = error instanceof ControlPlaneError && error.message.includes('address already in use');
      if (!isClash || attempt === ATTEMPTS) throw error;
    }
  }
}

const CRDS = ['volumesnapshots', 'volumesnapshotcontents', 'volumesnapshotclasses'].map(
  (plural) => `${plural}.snapshot.storage.k8s.io`,
);

async function kubectl(plane: ControlPlane, args: readonly string[], input = ''): Promise<void> {
  const { stderr, code } = await plane.kubectl(args, { input });
  if (code !== 0) throw new ControlPlaneError('NotReady', `kubectl ${args.join(' ')}: ${stderr.trim()}`);
}

class ProcessStack implements CSIStack {
  readonly driver = DRIVER;
  readonly parts: CSIParts;
  readonly root: string;
  readonly socket: string;
  readonly bytes: CSIBytes;
  readonly faults: CSIFaults;
  readonly binaries: CSIBinaries;
  readonly #supervisor: Supervisor;
  readonly #all: readonly SupervisedPart[];

  private constructor(supervisor: Supervisor, layout: CSILayout, options: CSIStackOptions, progress: Progress) {
    this.#supervisor = supervisor;
    this.root = layout.root;
    this.socket = layout.socket;
    this.binaries = layout.binaries;
    this.bytes = new CSIBytes(layout.root);
    this.faults = new CSIFaults(layout.root);
    const part = (name: string, argv: readonly string[], isReady: () => Promise<boolean>) =>
      new SupervisedPart({ name, argv, log: join(supervisor.directory, `${name}.log`), isReady }, supervisor, progress);
    const serves = (port: number) => async () => (await statusOf(`http://127.0.0.1:${port}/metrics`)) === 200;
    const { ports, socket } = layout;
    const driver = part('csi-driver', driverCommand(layout), () => accepts(socket));
    const provisioner = part(
      'csi-provisioner',
      [...provisionerCommand(layout), ...(options.provisionerFlags ?? [])],
      serves(ports.provisioner),
    );
    const snapshotController = part(
      'snapshot-controller',
      [...snapshotControllerCommand(layout), ...(options.snapshotControllerFlags ?? [])],
      serves(ports.snapshotController),
    );
    const snapshotter = part(
      'csi-snapshotter',
      [...snapshotterCommand(layout), ...(options.snapshotterFlags ?? [])],
      serves(ports.snapshotter),
    );
    this.#all = [driver, provisioner, snapshotController, snapshotter];
    this.parts = { driver, provisioner, snapshotController, snapshotter };
  }

  static async create(
    plane: ControlPlane,
    binaries: CSIBinaries,
    options: CSIStackOptions,
    progress: Progress,
  ): Promise<ProcessStack> {
    const [provisioner, snapshotController, snapshotter] = await Promise.all([
      kubeconfigOf(plane, 'default', 'csi-provisioner'),
      kubeconfigOf(plane, 'kube-system', 'snapshot-controller'),
      kubeconfigOf(plane, 'default', 'csi-snapshotter'),
    ]);
    const [one, two, three] = await distinctPorts();
    const supervisor = await Supervisor.start(binaries.helper, tmpdir(), 'reprieve-csi-');
    const layout: CSILayout = {
      driver: DRIVER,
      root: join(supervisor.directory, 'root'),
      // A path of a socket has 108 bytes at most: near the top.
      socket: join(supervisor.directory, 'csi.sock'),
      binaries,
      isQuick: options.timing !== 'upstream',
      kubeconfigs: { provisioner, snapshotController, snapshotter },
      ports: { provisioner: one, snapshotController: two, snapshotter: three },
    };
    await mkdir(layout.root);
    return new ProcessStack(supervisor, layout, options, progress);
  }

  async start(): Promise<void> {
    await this.parts.driver.start();
    const { provisioner, snapshotController, snapshotter } = this.parts;
    await Promise.all([provisioner.start(), snapshotController.start(), snapshotter.start()]);
  }

  async stop(): Promise<void> {
    for (const part of this.#all) part.expectEnd();
    await this.#supervisor.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** A client certificate makes the caller that ServiceAccount, and outlives any test as a token would not. */
function kubeconfigOf(plane: ControlPlane, namespace: string, account: string): Promise<string> {
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  return plane.kubeconfigFor(`system:serviceaccount:${namespace}:${account}`, groups);
}

async function distinctPorts(): Promise<readonly [number, number, number]> {
  const ports = [await freePort(), await freePort(), await freePort()] as const;
  return new Set(ports).size === ports.length ? ports : distinctPorts();
}

function accepts(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(socket);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}

function toStandardError(line: string): void {
  process.stderr.write(`CSI stack: ${line}\n`);
}
