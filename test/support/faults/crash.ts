/** One fault at one call of an operator: it dies before the call, after it, or never learns the answer. */
import { BACKUP_POLICIES, EVENTS, LEASES, VAULTS } from '../../../src/api/names.ts';
import { KubeError } from '../../../src/ports/kube.ts';
import { type Around, describeCall, isWrite, type OperatorCall } from './calls.ts';

export type Variant = 'DiesBefore' | 'DiesAfter' | 'AnswerLost';

/** What a dead operator's calls come back with: nothing of it reaches the world. */
class Dead extends Error {
  override readonly name = 'Dead';
}

/**
 * Events, leases and the coalesced counts of vaults and policies come at their own times: a crash at them is one at
 * whatever call comes next.
 */
const uncounted = new Set([EVENTS, LEASES, VAULTS, BACKUP_POLICIES].map(({ plural }) => plural));

function counts(call: OperatorCall): boolean {
  return call.target === 'Engine' || (isWrite(call) && !uncounted.has(call.type.plural));
}

export class Fault {
  readonly #variant: Variant;
  readonly #at: number;
  #calls = 0;
  #armed = false;
  #dead = false;
  #struck: string | undefined;
  readonly #died = Promise.withResolvers<undefined>();
  readonly trace: string[] = [];

  /** @param at counted from 1 once it is armed; Infinity: none, only counts */
  constructor(variant: Variant, at: number) {
    this.#variant = variant;
    this.#at = at;
  }

  arm(): void {
    this.#armed = true;
  }

  /** Calls that were counted so far. */
  get calls(): number {
    return this.#calls;
  }

  /** The call that it struck; undefined while it has not. */
  get struck(): string | undefined {
    return this.#struck;
  }

  get died(): Promise<undefined> {
    return this.#died.promise;
  }

  readonly around: Around = async (call, send) => {
    if (this.#dead) throw new Dead('this operator is dead');
    if (!this.#armed || !counts(call)) return send();
    this.#calls += 1;
    this.trace.push(describeCall(call));
    if (this.#calls !== this.#at) return send();
    this.#struck = describeCall(call);
    if (this.#variant === 'AnswerLost') {
      await send();
      throw new KubeError('the answer was lost', { code: 'Timeout', status: 0, ambiguous: true });
    }
    if (this.#variant === 'DiesBefore') this.#die();
    await send();
    return this.#die();
  };

  #die(): never {
    this.#dead = true;
    this.#died.resolve(undefined);
    throw new Dead('this operator died here');
  }
}
