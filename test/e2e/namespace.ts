/** One namespace with a vault, for one test: what a person does there with kubectl, and what they can see. */
import { randomUUID } from 'node:crypto';
import { until } from '../support/operator/until.ts';
import type { Cluster } from './cluster.ts';

export interface ItemObject {
  readonly metadata: {
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly status?: {
    readonly itemID?: string;
    readonly deleteState?: string;
    readonly protectionState?: string;
    readonly deleteTime?: string;
    readonly purgeTime?: string;
    readonly retentionDays?: number;
    readonly recoveryPoints?: { readonly count: number };
  };
}

type Status = NonNullable<ItemObject['status']>;

interface JobObject {
  readonly spec: { readonly operation: string; readonly itemID?: string };
  readonly status?: { readonly state?: string; readonly message?: string; readonly evidence?: readonly string[] };
}

export class Namespace {
  readonly name = `reprieve-e2e-${randomUUID().slice(0, 8)}`;
  readonly #cluster: Cluster;

  private constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** With vault `main` and policy `nightly`, the vault looked after by an operator with days of development. */
  static async create(cluster: Cluster): Promise<Namespace> {
    const namespace = new Namespace(cluster);
    await namespace.run('create', 'namespace', namespace.name);
    await namespace.apply({ kind: 'Vault', name: 'main', spec: {} });
    await namespace.apply({ kind: 'BackupPolicy', name: 'nightly', spec: { retention: { daily: { days: 30 } } } });
    await namespace.dayMs();
    return namespace;
  }

  /** How long a day lasts here. @throws Error where it is a real one: nobody waits for that */
  async dayMs(): Promise<number> {
    const text = await until('an operator looks after the vault', async () => {
      const ready = '{.status.conditions[?(@.type=="Ready")].status}/{.status.dayLength}';
      const [isReady, dayLength = ''] = (await this.get('vault/main', `jsonpath=${ready}`)).split('/');
      return isReady === 'True' && { dayLength };
    });
    const span = parseSpan(text.dayLength);
    if (span === undefined) throw new Error('the operator runs with days of 24 hours: use the development overlay');
    return span;
  }

  /** @throws Error with kubectl's words where it fails */
  async run(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#cluster.kubectl(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
    return stdout;
  }

  get(what: string, output: string): Promise<string> {
    return this.run('get', what, '-n', this.name, '-o', output);
  }

  async apply(object: {
    readonly kind: string;
    readonly name: string;
    readonly spec: Readonly<Record<string, unknown>>;
  }): Promise<{ readonly code: number; readonly stderr: string }> {
    const { kind, name, spec } = object;
    const metadata = { name, namespace: this.name, labels: { 'managed-by': 'gitops' } };
    const input = JSON.stringify({ apiVersion: 'reprieve.dev/v1alpha1', kind, metadata, spec });
    return this.#cluster.kubectl(['apply', '-f', '-'], { input });
  }

  applyItem(name: string): Promise<{ readonly code: number; readonly stderr: string }> {
    const source = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', namespace: this.name, name };
    const spec = { vaultRef: { name: 'main' }, source, policyRef: { name: 'nightly' }, protection: 'Active' };
    return this.apply({ kind: 'BackupItem', name, spec });
  }

  /** Protects a VM and waits for its first backup. */
  async protect(name: string): Promise<Status> {
    const { code, stderr } = await this.applyItem(name);
    if (code !== 0) throw new Error(stderr);
    return this.reach(name, ({ protectionState }) => protectionState === 'Protected');
  }

  /** @returns what kubectl said; a refusal is an answer here */
  patch(
    item: string,
    spec: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly code: number; readonly stderr: string }> {
    const patch = JSON.stringify({ spec });
    return this.#cluster.kubectl(['patch', 'backupitem', item, '-n', this.name, '--type=merge', '-p', patch]);
  }

  intend(item: string, protection: string): Promise<{ readonly code: number; readonly stderr: string }> {
    return this.patch(item, { protection });
  }

  /** Undefined where it isn't there. */
  async item(name: string): Promise<ItemObject | undefined> {
    const text = await this.run('get', 'backupitem', name, '-n', this.name, '--ignore-not-found', '-o', 'json');
    return text === '' ? undefined : (JSON.parse(text) as ItemObject);
  }

  async jobs(operation: string): Promise<readonly JobObject[]> {
    const { items } = JSON.parse(await this.get('backupjobs', 'json')) as { readonly items: readonly JobObject[] };
    return items.filter(({ spec }) => spec.operation === operation);
  }

  /** Waits for the item to be there with such a status. */
  async reach(name: string, isReached: (status: Status) => boolean): Promise<Status> {
    let last: unknown;
    return until(
      `item ${name} in ${this.name}`,
      async () => {
        const { status } = (await this.item(name)) ?? {};
        last = status;
        return status !== undefined && isReached(status) && status;
      },
      { withinMs: 60_000, seen: () => `: ${JSON.stringify(last)}\n${this.#cluster.operatorLog()}` },
    );
  }

  reachState(name: string, state: string): Promise<Status> {
    return this.reach(name, ({ deleteState }) => deleteState === state);
  }

  /** Leaves the rest to the operator: a namespace goes when its last item is purged. */
  async leave(): Promise<void> {
    await this.run('delete', 'namespace', this.name, '--wait=false');
  }
}

/** `1m`, `2s`, `500ms`, also combined. */
function parseSpan(text: string): number | undefined {
  const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
  const parts = [...text.matchAll(/(\d+)(ms|h|m|s)/g)];
  return parts.length === 0
    ? undefined
    : parts.reduce((sum, [, n, unit = '']) => sum + Number(n) * (units[unit] ?? 0), 0);
}
