import { useSignal } from "@preact/signals";
import { formatCount } from "../../shared/text/format.ts";
import { DigitPicture } from "./digit_picture.tsx";
import type { SeenDigit } from "./report.ts";

/** Pictures, as many as fit at first; further ones when somebody asks. */
export function DigitGallery({ digits, step }: { digits: readonly SeenDigit[]; step: number }) {
  const shown = useSignal(step);
  const left = digits.length - shown.value, next = Math.min(left, 2 * step);
  return (
    <>
      <ul class="gallery">
        {digits.slice(0, shown.value).map((digit) => (
          <li key={digit.index}>
            <DigitPicture digit={digit} />
          </li>
        ))}
      </ul>
      {left > 0 && (
        <button type="button" onClick={() => shown.value += 2 * step}>
          Show {formatCount(next)} more{next < left && ` of ${formatCount(left)}`}
        </button>
      )}
    </>
  );
}
