/** Names of objects that we derive from others. */

/** A DNS subdomain name, as Kubernetes takes it. */
const LIMIT = 253;

/**
 * `name-suffix`, cut in the middle where it would be too long. The suffix, which makes it unlike others, is kept whole; what is
 * left of the name doesn't end in a dot or a dash, as `.-` is no name.
 */
export function suffixed(name: string, suffix: string): string {
  const room = LIMIT - suffix.length - 1;
  return `${name.slice(0, room).replace(/[.-]+$/, '')}-${suffix}`;
}
