import type { ButtonHTMLAttributes, ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

/**
 * A button that is announced as disabled and ignores presses while it is `idle`. It does not use `disabled`: a disabled
 * button loses the focus, and the next Tab would start at the top of the page.
 */
export function Button({ idle, onClick, ...rest }: ButtonHTMLAttributes & { idle: boolean }) {
  return (
    <button
      type="button"
      {...rest}
      aria-disabled={idle || undefined}
      onClick={(event) => idle ? event.preventDefault() : onClick?.call(event.currentTarget, event)}
    />
  );
}

/**
 * A button that opens a list of links and buttons. The list closes when an entry is chosen, when the focus or a click
 * goes elsewhere, and on Escape, which returns the focus to the button.
 */
export function Menu({ text, label, children }: { text: string; label: string; children: ComponentChildren }) {
  const details = useRef<HTMLDetailsElement>(null);
  const close = () => details.current?.removeAttribute("open");
  useEffect(() => {
    const listening = new AbortController();
    const leave = ({ target }: PointerEvent) => {
      if (!details.current?.contains(target as Node)) close();
    };
    addEventListener("pointerdown", leave, { signal: listening.signal });
    return () => listening.abort();
  }, []);
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
        // The target may be missing, because some browsers do not focus a button that is clicked.
        if (relatedTarget !== null && !details.current?.contains(relatedTarget as Node)) close();
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
