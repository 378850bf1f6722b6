/** Every rule by what it does, and docs/states.md as it is printed from the same table (`vitest run --update` writes it). */
import { expect, test } from 'vitest';
import type { Step } from '../../../src/domain/backup-item/actions.ts';
import { rulesByState } from '../../../src/domain/backup-item/decide.ts';
import { decideOn } from '../../support/domain/observations.ts';
import type { Transition } from '../../support/domain/transitions/facts.ts';
import { transitions } from '../../support/domain/transitions/table.ts';

function told(step: Step): string {
  if (step.type === 'Wait') return 'Wait';
  const { action } = step;
  if (action.type === 'WriteStatus') return `WriteStatus ${action.status.deleteState ?? ''}`;
  if (action.type === 'CreateJob') return `CreateJob ${action.spec.operation}`;
  const writesState = action.type === 'WriteJob' || action.type === 'WritePoint';
  return writesState ? `${action.type} ${action.status.state ?? ''}` : action.type;
}

test.for(transitions.map((row) => [`${row.state}: ${row.when}`, row] as const))('%s', ([, row]) => {
  const step = decideOn(row.facts);
  expect({ rule: step.rule, does: told(step) }).toEqual({ rule: row.rule, does: row.does });
});

test('every rule decides at least one row of the table', () => {
  const named = Object.values(rulesByState).flatMap((rules) => rules.map(({ name }) => name));
  const origins = ['recordIsUnreadable', 'recordMayBeLost', 'isNew'];
  const decided = new Set(transitions.map(({ rule }) => rule));
  expect([...new Set([...named, ...origins])].filter((name) => !decided.has(name))).toEqual([]);
});

function cellsOf({ state, when, facts }: Transition): readonly string[] {
  const step = decideOn(facts);
  const action = step.type === 'Act' ? step.action : undefined;
  const ready =
    action?.type === 'WriteStatus' ? (action.status.conditions ?? []).find(({ type }) => type === 'Ready') : undefined;
  const event = action !== undefined && 'event' in action ? action.event.reason : undefined;
  const does = told(step);
  return [state, when, does, ready === undefined ? '' : `${ready.status} ${ready.reason}`, event ?? '', step.rule];
}

test('docs/states.md tells what the rules do', async () => {
  const head = ['State', 'What comes', 'What is done next', 'Ready', 'Event', 'Rule'];
  const rows = [head, ...transitions.map(cellsOf)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const ruler = line(widths.map((width) => '-'.repeat(width)));
  const [first = head, ...rest] = rows;
  const text = `# States and what moves them

One row per case: in this state, when this comes, the operator does the next step. A multi-step operation is several rows.
Printed from test/support/domain/transitions, which the tests decide by: change it there.

${[line(first), ruler, ...rest.map(line)].join('\n')}
`;
  await expect(text).toMatchFileSnapshot('../../../docs/states.md');
});
