/** Takes a right away from the operator for a while: the point where a story stops it between two of its writes. */
import { must } from '../operator/identity.ts';
import { until } from '../operator/until.ts';
import type { World } from './world.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Right {
  readonly verb: string;
  /** Plural, of the group reprieve.dev. */
  readonly resource: string;
}

/** Runs `story` while the operator lacks the right; afterwards it has it again. */
export async function without(world: World, right: Right, story: () => Promise<void>): Promise<void> {
  const { rules } = JSON.parse(await must(world.plane, ['get', 'clusterrole', 'reprieve', '-o', 'json'])) as {
    readonly rules: readonly Rule[];
  };
  await setRules(
    world,
    rules.flatMap((rule) => narrowed(rule, right)),
  );
  await has(world, right, false);
  try {
    await story();
  } finally {
    await setRules(world, rules);
    await has(world, right, true);
  }
}

/** The same rule with the resource apart, less the verb. */
function narrowed(rule: Rule, { verb, resource }: Right): readonly Rule[] {
  if (!rule.apiGroups.includes('reprieve.dev') || !rule.resources.includes(resource)) return [rule];
  const others = rule.resources.filter((name) => name !== resource);
  const rest = { ...rule, resources: [resource], verbs: rule.verbs.filter((name) => name !== verb) };
  return others.length === 0 ? [rest] : [{ ...rule, resources: others }, rest];
}

async function setRules({ plane }: World, rules: readonly Rule[]): Promise<void> {
  await must(plane, ['patch', 'clusterrole', 'reprieve', '--type=merge', '-p', JSON.stringify({ rules })]);
}

async function has({ plane }: World, { verb, resource }: Right, wanted: boolean): Promise<void> {
  const args = [
    'auth',
    'can-i',
    verb,
    `${resource}.reprieve.dev`,
    '--as=system:serviceaccount:reprieve-system:reprieve',
  ];
  await until(`the operator ${wanted ? 'may' : 'may not'} ${verb} ${resource}`, async () => {
    const { code } = await plane.kubectl([...args, '-n', 'default']);
    return (code === 0) === wanted;
  });
}
