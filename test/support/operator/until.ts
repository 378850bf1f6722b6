/** Waits for a state of the world, never for time to pass. */

/**
 * Asks until `probe` answers something other than undefined (or false).
 * @throws Error after the deadline, naming what was waited for and what was seen last
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  {
    withinMs = 20_000,
    everyMs = 50,
    seen = () => '',
  }: { withinMs?: number; everyMs?: number; seen?: () => string } = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await probe();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}${seen()}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
