import type { ButtonHTMLAttributes } from "preact";

/**
 * A button that says when it has nothing to do, and ignores the press, in place of being `disabled`: that would take the
 * focus from whoever has just pressed it, and send a keyboard back to the top of the page.
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
