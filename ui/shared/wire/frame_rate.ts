import { options } from "preact";

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
