/** Time between two checks, in ms. Each check is work for the browser, too. */
const POLL_MS = 40;

/**
 * Repeats `check` until it passes, and returns what it returned.
 *
 * @throws {unknown} what `check` threw last, after `ms`
 */
export async function eventually<T>(check: () => T | Promise<T>, ms = 10_000): Promise<T> {
  const deadline = performance.now() + ms;
  while (true) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
