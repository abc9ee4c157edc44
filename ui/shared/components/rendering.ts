import { options, type RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** Something imperative that lives as long as its element is on the page. */
interface Disposable {
  dispose(): void;
}

/** Refs for an element and for what `create` made on it. */
export function useAttached<E extends HTMLElement, T extends Disposable>(
  create: (element: E) => T,
): [element: RefObject<E | null>, attached: RefObject<T | null>] {
  const element = useRef<E>(null);
  const attached = useRef<T>(null);
  useEffect(() => {
    const made = create(element.current!);
    attached.current = made;
    return () => made.dispose();
  }, []);
  return [element, attached];
}

/** Scrolls to `element` if not even its upper end can be seen. */
export function bringIntoView(element: HTMLElement): void {
  const { top } = element.getBoundingClientRect();
  if (top < 0 || top > innerHeight - 100) element.scrollIntoView();
}

/**
 * Has components rendered once a frame, however often the signals that they read change: a fast training sends hundreds
 * of messages a second. A page that nobody sees gets no frames, and then does without them.
 */
export function renderOncePerFrame(): void {
  options.debounceRendering = (render) => {
    if (document.hidden) setTimeout(render);
    else requestAnimationFrame(render);
  };
}
