import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

/**
 * A few links and buttons behind one. It closes when something in it is chosen, when the focus goes elsewhere, and by
 * Escape, which gives the focus back.
 */
export function Menu({ text, label, children }: { text: string; label: string; children: ComponentChildren }) {
  const details = useRef<HTMLDetailsElement>(null);
  const close = () => details.current?.removeAttribute("open");
  return (
    <details
      ref={details}
      class="menu"
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !details.current?.open) return;
        event.preventDefault();
        close();
        details.current.querySelector("summary")?.focus();
      }}
      onFocusOut={({ relatedTarget }) => {
        // A click on what cannot be focused says nothing of where it went; within the menu it is no leaving.
        if (!details.current?.contains(relatedTarget as Node | null)) close();
      }}
      onClick={({ target }) => {
        if ((target as HTMLElement).closest("a, button")) close();
      }}
    >
      <summary aria-label={label}>{text}</summary>
      <div class="menu-items">{children}</div>
    </details>
  );
}
