import { formatShare } from "../../shared/text/format.ts";
import type { SeenDigit } from "./report.ts";

/** A test digit with what it was taken for. */
export function DigitPicture({ digit: { index, was, said, confidence } }: { digit: SeenDigit }) {
  const isRight = was === said;
  return (
    <figure class="seen">
      <img
        src={`/api/digits/${index}.png`}
        width={56}
        height={56}
        loading="lazy"
        alt={`Test digit ${index}, a ${was}`}
        title={`Test digit ${index}`}
      />
      <figcaption>
        {isRight ? null : (
          <>
            said <strong class="said">{said}</strong>, was <strong>{was}</strong>
            <br />
          </>
        )}
        <span class="note">{formatShare(confidence)} sure</span>
      </figcaption>
    </figure>
  );
}
