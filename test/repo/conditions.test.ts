/** Every reason that api/conditions.ts explains is one that the code can give; the types see to the other direction. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { CONDITIONS } from '../../src/api/conditions.ts';

const root = path.resolve(import.meta.dirname, '../..');
const source = globSync('src/{domain,controllers}/**/*.ts', { cwd: root })
  .map((file) => readFileSync(path.join(root, file), 'utf8'))
  .join('\n');

/** Given by a state's own name: jobs say how they ended, points that they are being taken. */
const impliedByState = new Set(['InProgress', 'CompletedWithWarnings', 'Creating', 'DataMissing']);

const reasons = Object.entries(CONDITIONS).flatMap(([kind, types]) =>
  Object.entries<Readonly<Record<string, string>>>(types).flatMap(([type, table]) =>
    Object.keys(table).map((reason) => ({ kind, type, reason })),
  ),
);

test.for(reasons.filter(({ reason }) => !impliedByState.has(reason)))(
  '$kind $type has a reason $reason that some rule gives',
  ({ reason }) => {
    expect(source).toContain(`'${reason}'`);
  },
);
