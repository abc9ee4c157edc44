/** Asking a page is work for its browser, too. */
const POLL_MS = 40;

/**
 * Runs `check` again and again until it passes, and gives what it returned.
 *
 * @throws what `check` threw last, once `ms` are over
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
