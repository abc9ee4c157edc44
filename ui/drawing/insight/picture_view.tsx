import { IMAGE_SIDE } from "../../../core/models/spec.ts";
import type { Explained } from "./explained_model.ts";
import { divergingPixels, rampPixels } from "./heat_map.ts";
import { PixelGrid } from "./pixel_grid.tsx";
import { themeColour } from "./theme_colours.ts";

/** The bytes that were classified, and which of them spoke for the answer. */
export function PictureView({ explained }: { explained: Explained }) {
  const { answered: { pixels, digit, byServer }, contributions } = explained;
  const side = { width: IMAGE_SIDE, height: IMAGE_SIDE, pixel: 12, count: 1, columns: 1, of: explained };
  return (
    <>
      <div class="pictures">
        <figure>
          <PixelGrid
            {...side}
            label="The drawing as 28 by 28 pixels"
            pixels={() => rampPixels(pixels, themeColour("--paper"), themeColour("--ink"), 255)}
          />
          <figcaption>
            <strong>What it is given.</strong>{" "}
            Your drawing, scaled and centred as 28 × 28 pixels: exactly the bytes that were classified.
          </figcaption>
        </figure>
        <figure>
          <PixelGrid
            {...side}
            label={`Heat map of what spoke for and against ${digit}. ${summary(explained)}`}
            pixels={() =>
              divergingPixels(contributions, {
                speaksFor: themeColour("--accent"),
                nothing: themeColour("--paper"),
                speaksAgainst: themeColour("--against"),
              })}
          />
          <figcaption>
            <span class="legend">
              <span class="scale" aria-hidden="true" />
              <span>against {digit}</span>
              <span>for {digit}</span>
            </span>
            <strong>Which ink decided.</strong> Blue ink made the model surer that this is a{" "}
            {digit}, orange ink less sure (gradient × input of its logit).
          </figcaption>
        </figure>
      </div>
      {byServer && <p class="note">The server gave the answer; this browser opened the same model to look into it.</p>}
    </>
  );
}

/** In words what the colours show. */
function summary({ contributions }: Explained): string {
  let gained = 0, lost = 0;
  for (const value of contributions) value > 0 ? gained += value : lost -= value;
  const share = gained + lost === 0 ? 0 : Math.round(100 * gained / (gained + lost));
  return `${share} per cent of the weight spoke for it.`;
}
