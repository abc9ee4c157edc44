/** The longest that one waits for a page that is never idle, in ms. */
const PATIENCE_MS = 250;

/** Calls back once the page is painted and has nothing better to do, unless the returned function is called before. */
export function whenIdle(callback: () => void): () => void {
  if ("requestIdleCallback" in globalThis) {
    const handle = requestIdleCallback(() => callback(), { timeout: PATIENCE_MS });
    return () => cancelIdleCallback(handle);
  }
  const timer = setTimeout(callback, 30);
  return () => clearTimeout(timer);
}
