import { signal } from "@preact/signals";
import { type FunctionComponent, options, type RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

/**
 * Refs for an element and for the imperative object that `create` makes on it. The object is closed with the component.
 */
export function useAttached<E extends HTMLElement, T extends { close(): void }>(
  create: (element: E) => T,
): [element: RefObject<E | null>, attached: RefObject<T | null>] {
  const element = useRef<E>(null);
  const attached = useRef<T>(null);
  useEffect(() => {
    const made = create(element.current!);
    attached.current = made;
    return () => made.close();
  }, []);
  return [element, attached];
}

/** Scrolls to `element` if not even its top is in view. */
export function bringIntoView(element: HTMLElement): void {
  const { top } = element.getBoundingClientRect();
  if (top < 0 || top > innerHeight - 100) element.scrollIntoView();
}

/**
 * Renders components at most once a frame, however often the signals that they read change: a fast training sends
 * hundreds of messages a second. A hidden page gets no frames, so it renders at once.
 */
export function renderOncePerFrame(): void {
  options.debounceRendering = (render) => {
    if (document.hidden) setTimeout(render);
    else requestAnimationFrame(render);
  };
}

/** A component whose code is loaded when it is first `needed`, and which is rendered from then on. */
export function lazily<Props extends object>(
  load: () => Promise<FunctionComponent<Props>>,
): FunctionComponent<Props & { needed: boolean }> {
  const loaded = signal<FunctionComponent<Props> | undefined>(undefined);
  let loading: Promise<unknown> | undefined;
  return ({ needed, ...props }) => {
    // If it cannot be loaded, the next rendering tries again.
    if (needed) loading ??= load().then((view) => loaded.value = view, () => loading = undefined);
    const View = loaded.value;
    return View && <View {...props as unknown as Props} />;
  };
}
