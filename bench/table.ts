/** The result: one row per budget. */

export interface Row {
  readonly what: string;
  readonly budget: string;
  readonly measured: string;
  /** Undefined: for information. */
  readonly met?: boolean;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Nearest rank. NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** A row that is met at most (or at least) at a number. */
export function limit(what: string, value: number, bound: { most?: number; least?: number; unit: string }): Row {
  const { most, least, unit } = bound;
  const met = (most === undefined || value <= most) && (least === undefined || value >= least);
  const budget = most === undefined ? `≥ ${least ?? ''}${unit}` : `≤ ${most}${unit}`;
  return { what, budget, measured: `${figure(value)}${unit}`, met };
}

export function figure(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return Number.isInteger(value) ? String(value) : value.toFixed(digits);
}

export function render(rows: readonly Row[]): string {
  const lines = rows.map(({ what, budget, measured, met }) => [what, budget, measured, verdictOf(met)]);
  const all = [['what', 'budget', 'measured', 'verdict'], ...lines];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((line) => (line[column] ?? '').length)));
  const text = all.map((line) => `| ${line.map((cell, column) => pad(cell, widths[column] ?? 0)).join(' | ')} |`);
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [text[0], rule, ...text.slice(1)].join('\n');
}

function verdictOf(met: boolean | undefined): string {
  if (met === undefined) return '';
  return met ? 'met' : 'MISSED';
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(width - cell.length);
}
