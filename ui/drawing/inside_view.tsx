import type { ComponentChildren } from "preact";
import { IMAGE_SIDE } from "../../core/models/spec.ts";
import type { Activations } from "../../core/training/attribution.ts";
import { formatCount } from "../shared/text/format.ts";
import { AllModelsView } from "./all_models_view.tsx";
import type { Explained, Explanation, Inside, Section } from "./inside.ts";
import { channelOf, divergingPixels, largest, PixelGrid, rampPixels, themeColour } from "./pixel_grid.tsx";

/** The card "Look inside": the explanation of the answer, and what the other models say. */
export function InsideView({ inside: { explanation, all, useModel, inUse } }: { inside: Inside }) {
  return (
    <section class="card inside" aria-labelledby="inside-title">
      <h2 id="inside-title">Look inside</h2>
      <Part explanation={explanation} section="picture" title="What the model sees">
        {(explained) => <PictureView explained={explained} />}
      </Part>
      <Part explanation={explanation} section="layers" title="What each layer computes">
        {(explained) => <LayersView explained={explained} />}
      </Part>
      <AllModelsView all={all} useModel={useModel} inUse={inUse.value?.id} />
    </section>
  );
}

interface PartProps {
  explanation: Explanation;
  section: Section;
  title: string;
  children: (explained: Explained) => ComponentChildren;
}

/** A section whose content is not rendered while it is closed. */
function Part({ explanation, section, title, children }: PartProps) {
  const open = explanation.isOpen(section), explained = explanation.current.value, error = explanation.error.value;
  return (
    <details open={open} onToggle={(event) => explanation.setOpen(section, event.currentTarget.open)}>
      <summary>{title}</summary>
      {open && (
        <div class="part">
          {explained
            ? children(explained)
            : <p class={error ? "error" : "note"}>{error ?? "Draw a digit to see it here."}</p>}
        </div>
      )}
    </details>
  );
}

/** The pixels that were classified, and how much each of them contributed to the answer. */
function PictureView({ explained }: { explained: Explained }) {
  const { answered: { pixels, digit, byServer }, contributions } = explained;
  const picture = { width: IMAGE_SIDE, height: IMAGE_SIDE, pixel: 12, count: 1, columns: 1, source: explained };
  return (
    <>
      <div class="pictures">
        <figure>
          <PixelGrid
            {...picture}
            label="The drawing as 28 by 28 pixels"
            pixels={() => rampPixels(pixels, themeColour("--paper"), themeColour("--ink"), 255)}
          />
          <figcaption>
            <strong>Its input.</strong> Your drawing, scaled and centred to 28 × 28 pixels: exactly the bytes that were
            {" "}
            classified.
          </figcaption>
        </figure>
        <figure>
          <PixelGrid
            {...picture}
            label={`Heat map of the evidence for and against ${digit}: ${shareFor(explained)} per cent is for it.`}
            pixels={() =>
              divergingPixels(contributions, {
                positive: themeColour("--accent"),
                zero: themeColour("--paper"),
                negative: themeColour("--against"),
              })}
          />
          <figcaption>
            <span class="legend">
              <span class="scale" aria-hidden="true" />
              <span>against {digit}</span>
              <span>for {digit}</span>
            </span>
            <strong>Which pixels decided.</strong> Blue ink made the model more sure that this is a{" "}
            {digit}, orange ink less sure (attribution: gradient × input of the logit).
          </figcaption>
        </figure>
      </div>
      {byServer && <p class="note">The server gave the answer; this browser opened the same model to explain it.</p>}
    </>
  );
}

/** How much of the attribution is positive, in whole per cent. */
function shareFor({ contributions }: Explained): number {
  let gained = 0, lost = 0;
  for (const value of contributions) value > 0 ? gained += value : lost -= value;
  return gained + lost === 0 ? 0 : Math.round(100 * gained / (gained + lost));
}

/** The hidden activations, layer by layer. */
function LayersView({ explained: { layers } }: { explained: Explained }) {
  const blocks = layers.filter(({ shape }) => shape.length === 3).length;
  if (layers.length === 0) return <p>This model has no hidden layers: its ten outputs read the pixels directly.</p>;
  return (
    <>
      <p>
        From the picture to the answer, layer by layer. The stronger the colour, the more active the unit; the strongest
        {" "}
        one in each layer has the full colour.
      </p>
      <ol class="layers">
        {layers.map((layer, i) =>
          layer.shape.length === 3
            ? <FeatureMaps key={`map ${i}`} layer={layer} number={i + 1} />
            : <Units key={`units ${i}`} layer={layer} number={i + 1 - blocks} />
        )}
      </ol>
    </>
  );
}

function FeatureMaps({ layer, number }: { layer: Activations; number: number }) {
  const { shape: [height, width, channels], values } = layer;
  const strongest = largest(values, (value) => value);
  return (
    <li>
      <h3>Convolution {number}: {channels} feature maps, {width} × {height}</h3>
      <p class="note">Each small picture shows where in the drawing one learned filter found its pattern.</p>
      <PixelGrid
        label={`${channels} feature maps of convolution ${number}`}
        width={width}
        height={height}
        pixel={6}
        count={channels}
        columns={channels === 64 ? 16 : 8}
        source={layer}
        pixels={(channel) => {
          const map = channelOf(values, channels, channel);
          return rampPixels(map, themeColour("--track"), themeColour("--accent"), strongest);
        }}
      />
    </li>
  );
}

function Units({ layer, number }: { layer: Activations; number: number }) {
  const { values } = layer;
  const active = values.reduce((count, value) => count + (value > 0 ? 1 : 0), 0);
  const columns = values.length <= 256 ? 32 : 64, strongest = largest(values, (value) => value);
  return (
    <li>
      <h3>Hidden layer {number}: {formatCount(values.length)} units</h3>
      <p class="note">
        {formatCount(active)} of them are active on this drawing (output more than 0); the others stay dark.
      </p>
      <PixelGrid
        label={`Units of hidden layer ${number}: ${active} of ${values.length} active`}
        width={1}
        height={1}
        pixel={18}
        count={values.length}
        columns={Math.min(columns, values.length)}
        source={layer}
        pixels={(unit) =>
          rampPixels(values.subarray(unit, unit + 1), themeColour("--track"), themeColour("--accent"), strongest)}
      />
    </li>
  );
}
