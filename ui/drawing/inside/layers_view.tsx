import type { Activations } from "../../../core/training/attribution.ts";
import { formatCount } from "../../shared/text/format.ts";
import { channelOf, largest, rampPixels } from "./heat_map.ts";
import type { Explained } from "./inside.ts";
import { PixelGrid, themeColour } from "./pixel_grid.tsx";

/** The hidden activations, layer by layer. */
export function LayersView({ explained: { layers } }: { explained: Explained }) {
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
        {formatCount(active)} of them are active on this drawing; the others output 0 (ReLU).
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
