/**
 * `metadata.managedFields` is nearly half of an object's bytes and more than half of the cost of parsing it, and no cache
 * keeps it: it is cut out of the text before JSON.parse sees it.
 *
 * The cut is exact: inside a JSON string every quote is escaped, so these bytes can only be a key with an array behind it.
 * (An array of that name elsewhere in an object is dropped too. The API's own types have none but in embedded metadata.)
 */
const KEY = Buffer.from('"managedFields":[');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const COMMA = 0x2c;

/** @param json one JSON document, UTF-8. @returns its text without the first `managedFields`; unchanged if it ends inside. */
export function withoutManagedFields(json: Buffer): string {
  const start = json.indexOf(KEY);
  if (start < 0) return json.toString('utf8');
  const end = endOfArray(json, start + KEY.length);
  if (end < 0) return json.toString('utf8');
  // One of the two commas around it goes along.
  if (json[end] === COMMA) return json.toString('utf8', 0, start) + json.toString('utf8', end + 1);
  const before = json[start - 1] === COMMA ? start - 1 : start;
  return json.toString('utf8', 0, before) + json.toString('utf8', end);
}

/** @returns the index behind the bracket that closes the array whose inside begins at `from`, or -1. */
function endOfArray(json: Buffer, from: number): number {
  let depth = 1;
  for (let i = from; i < json.length; i += 1) {
    const byte = json[i];
    if (byte === QUOTE) {
      i = endOfString(json, i + 1);
      if (i < 0) return -1;
    } else if (byte === OPEN) depth += 1;
    else if (byte === CLOSE) {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
  return -1;
}

/** @returns the index of the quote that ends the string whose inside begins at `from`, or -1. */
function endOfString(json: Buffer, from: number): number {
  for (let i = from; i < json.length; i += 1) {
    const byte = json[i];
    if (byte === QUOTE) return i;
    if (byte === BACKSLASH) i += 1;
  }
  return -1;
}
