/** metav1.MicroTime: RFC 3339 with exactly six digits of a second, as Leases and Events have it. */
export function microTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace('Z', '000Z');
}
