/**
 * Every right the manifests grant, as a table: a right more, or less, is a change here. Whether the operator uses all of them, and
 * needs no other, is compared on a real API server by its audit log.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { render, type Manifest } from './rendered.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const LOOK = ['get', 'list', 'watch'];
const CHANGE = [...LOOK, 'create', 'update', 'patch'];
const OURS = ['backupitems', 'backupjobs', 'backuppolicies', 'recoverypoints', 'vaults'];

/** Role → resource (with its names, where they are limited) → verbs. */
const allowed: Record<string, Record<string, readonly string[]>> = {
  'ClusterRole reprieve': {
    'backupitems.reprieve.dev': [...LOOK, 'create', 'patch', 'delete'],
    'backupjobs.reprieve.dev': [...LOOK, 'create', 'patch', 'delete'],
    'recoverypoints.reprieve.dev': [...LOOK, 'create', 'patch', 'delete'],
    'vaults.reprieve.dev': [...LOOK, 'patch'],
    'backuppolicies.reprieve.dev': ['list', 'watch', 'patch'],
    ...Object.fromEntries(OURS.map((plural) => [`${plural}/status.reprieve.dev`, ['patch']])),
    namespaces: LOOK,
    'events.events.k8s.io': ['create', 'patch'],
    [`customresourcedefinitions.apiextensions.k8s.io (${OURS.map((plural) => `${plural}.reprieve.dev`).join(', ')})`]: [
      'get',
    ],
  },
  'ClusterRole reprieve-csi': {
    'virtualmachines.kubevirt.io': ['get'],
    persistentvolumeclaims: ['get', 'list'],
    persistentvolumes: ['get'],
    'volumesnapshotclasses.snapshot.storage.k8s.io': ['get', 'list'],
    'volumesnapshots.snapshot.storage.k8s.io': [...LOOK, 'create', 'delete'],
    'volumesnapshotcontents.snapshot.storage.k8s.io': [...LOOK, 'create', 'patch', 'delete'],
  },
  'Role reprieve-csi-events': { 'events.events.k8s.io': ['list'] },
  'Role reprieve-leader': {
    'leases.coordination.k8s.io': ['create'],
    'leases.coordination.k8s.io (reprieve-leader)': ['get', 'update'],
  },
  'ClusterRole reprieve-reader': Object.fromEntries(OURS.map((plural) => [`${plural}.reprieve.dev`, LOOK])),
  'ClusterRole reprieve-operator': {
    'vaults.reprieve.dev': LOOK,
    'backuppolicies.reprieve.dev': LOOK,
    'recoverypoints.reprieve.dev': LOOK,
    'backupitems.reprieve.dev': [...CHANGE, 'undelete'],
    'backupjobs.reprieve.dev': [...LOOK, 'create'],
  },
  'ClusterRole reprieve-edit': { 'backupitems.reprieve.dev': ['create'], 'backupjobs.reprieve.dev': ['create'] },
  'ClusterRole reprieve-contributor': {
    'vaults.reprieve.dev': LOOK,
    'recoverypoints.reprieve.dev': LOOK,
    'backupitems.reprieve.dev': [...CHANGE, 'delete', 'soft-delete', 'undelete'],
    'backuppolicies.reprieve.dev': [...CHANGE, 'delete'],
    'backupjobs.reprieve.dev': [...LOOK, 'create'],
  },
  'ClusterRole reprieve-admin': {
    'vaults.reprieve.dev': [...CHANGE, 'delete', 'disable-soft-delete'],
    'recoverypoints.reprieve.dev': LOOK,
    'backupitems.reprieve.dev': [...CHANGE, 'delete', 'soft-delete', 'undelete'],
    'backuppolicies.reprieve.dev': [...CHANGE, 'delete'],
    'backupjobs.reprieve.dev': [...LOOK, 'create'],
  },
};

function named(manifest: Manifest): string {
  return `${manifest.kind} ${manifest.metadata.name}`;
}

function rulesOf(role: Manifest | undefined): readonly Rule[] {
  return (role?.['rules'] ?? []) as readonly Rule[];
}

/** The rights of a role, one line per resource, verbs sorted. */
function rightsOf(role: Manifest): Record<string, readonly string[]> {
  const rights: Record<string, readonly string[]> = {};
  for (const { apiGroups, resources, resourceNames, verbs } of rulesOf(role)) {
    for (const [group, resource] of apiGroups.flatMap((group) =>
      resources.map((resource) => [group, resource] as const),
    )) {
      const names = resourceNames === undefined ? '' : ` (${resourceNames.join(', ')})`;
      const key = `${resource}${group === '' ? '' : '.'}${group}${names}`;
      rights[key] = [...new Set([...(rights[key] ?? []), ...verbs])].sort();
    }
  }
  return rights;
}

let manifests: readonly Manifest[];
let roles: readonly Manifest[];

beforeAll(async () => {
  manifests = [...(await render('manifests/base')), ...(await render('manifests/engines/csi'))];
  roles = manifests.filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role');
}, 600_000);

test('roles grant exactly what the table says', () => {
  const granted = Object.fromEntries(roles.map((role) => [named(role), rightsOf(role)]));
  const table = Object.entries(allowed).map(([role, rights]) => [
    role,
    Object.fromEntries(Object.entries(rights).map(([resource, verbs]) => [resource, [...verbs].sort()])),
  ]);
  expect(granted).toEqual(Object.fromEntries(table));
});

describe('no role', () => {
  const everything = (): readonly (readonly [string, Rule])[] =>
    roles.flatMap((role) => rulesOf(role).map((rule) => [named(role), rule] as const));

  test('has a wildcard', () => {
    const wild = everything().filter(([, { apiGroups, resources, verbs, resourceNames = [] }]) =>
      [...apiGroups, ...resources, ...verbs, ...resourceNames].some((word) => word.includes('*')),
    );
    expect(wild).toEqual([]);
  });

  test('reaches secrets, pods, tokens, other rights or our definitions', () => {
    const resources =
      /^(secrets|pods|serviceaccounts|configmaps|nodes|.*role.*|certificatesigningrequests|users|groups)(\/.*)?$/;
    const verbs = ['impersonate', 'bind', 'escalate', 'deletecollection', 'approve', 'sign', 'use'];
    const reaching = everything().filter(
      ([, rule]) =>
        rule.resources.some((name) => resources.test(name)) || rule.verbs.some((verb) => verbs.includes(verb)),
    );
    expect(reaching).toEqual([]);
    const definitions = everything().filter(([, rule]) => rule.resources.includes('customresourcedefinitions'));
    expect(definitions.map(([, { verbs }]) => verbs)).toEqual([['get']]);
  });

  test('of a person writes what is the operator’s: points, status, and jobs beyond asking for one', () => {
    const people = everything().filter(([role]) => !['ClusterRole reprieve', 'Role reprieve-leader'].includes(role));
    const writing = people.flatMap(([role, { resources, verbs }]) =>
      resources
        .filter((resource) => resource === 'recoverypoints' || resource === 'backupjobs' || resource.includes('/'))
        .map((resource) => ({ role, resource, verbs: verbs.filter((verb) => ![...LOOK, 'create'].includes(verb)) })),
    );
    expect(writing.filter(({ verbs, resource }) => verbs.length > 0 || resource.includes('/'))).toEqual([]);
    expect(writing).not.toEqual([]);
  });
});

test('only looking, protecting and deleting into the window are aggregated, each where it belongs', () => {
  const aggregated = roles.flatMap((role) =>
    Object.keys(role.metadata.labels ?? {})
      .filter((label) => label.startsWith('rbac.authorization.k8s.io/aggregate-to-'))
      .map((label) => [role.metadata.name, label.replace('rbac.authorization.k8s.io/aggregate-to-', '')]),
  );
  expect(Object.fromEntries(aggregated)).toEqual({
    'reprieve-reader': 'view',
    'reprieve-edit': 'edit',
    'reprieve-contributor': 'admin',
  });
  const toEdit = roles.find(({ metadata }) => metadata.name === 'reprieve-edit');
  expect(rulesOf(toEdit).flatMap(({ verbs }) => verbs)).toEqual(['create']);
});

test('the only subject is the operator’s ServiceAccount, under its fixed name', () => {
  const bindings = manifests.filter(({ kind }) => kind.endsWith('RoleBinding'));
  const subject = { kind: 'ServiceAccount', name: 'reprieve', namespace: 'reprieve-system' };
  expect(bindings.map((binding) => [named(binding), binding['subjects']])).toEqual([
    ['RoleBinding reprieve-leader', [subject]],
    ['ClusterRoleBinding reprieve', [subject]],
    ['RoleBinding reprieve-csi-events', [subject]],
    ['ClusterRoleBinding reprieve-csi', [subject]],
  ]);
});
