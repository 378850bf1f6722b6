/** What never reaches a log line, whatever the caller passes. */
import type { LogFields } from '../../ports/log.ts';

const MAX_VALUE_LENGTH = 2048;
const REMOVED = '[redacted]';
const SECRET_NAME = /token|secret|passw|authorization|credential|cookie|api-?key/i;
// Bearer headers, JSON web tokens (ServiceAccount tokens are such) and passwords inside URLs.
const SECRET_VALUE = /\bBearer\s+\S+|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*|(?<=:\/\/[^\s/:@]*:)[^\s/@]+(?=@)/g;

/**
 * The fields of one line: secrets replaced, long values cut, undefined ones dropped, stacks only where asked for.
 * `message` and `level` are the line's own, so fields of that name keep a prefix.
 */
export function redacted(fields: LogFields, withStacks: boolean): Record<string, string | number | boolean> {
  const kept: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || (name === 'stack' && !withStacks)) continue;
    const own = name === 'message' || name === 'level' ? `field_${name}` : name;
    kept[own] = SECRET_NAME.test(name) ? REMOVED : harmless(value);
  }
  return kept;
}

function harmless(value: string | number | boolean): string | number | boolean {
  if (typeof value !== 'string') return value;
  const shown = value.replace(SECRET_VALUE, REMOVED);
  return shown.length > MAX_VALUE_LENGTH ? `${shown.slice(0, MAX_VALUE_LENGTH)}…` : shown;
}
