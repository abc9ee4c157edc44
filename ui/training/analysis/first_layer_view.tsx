import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { formatCount } from "../../shared/text/format.ts";
import type { FirstLayer, FirstLayerState } from "./analysis.ts";

/** Number of pictures shown at first. */
const FIRST_PICTURES = 36;

const WORDS = {
  units: {
    title: "What the first layer looks for",
    note:
      "One picture for each hidden unit (neuron): its 784 weights, one for each pixel. Blue: ink here excites the " +
      "unit. Orange: ink here quiets it.",
    name: "Unit",
  },
  filters: {
    title: "The filters of the first layer",
    note: "One picture for each filter (kernel): weights that slide over the digit. Blue: ink here strengthens " +
      "its output. Orange: ink here weakens it.",
    name: "Filter",
  },
  digits: {
    title: "What speaks for each digit",
    note: "Without a hidden layer, each digit has its own picture: 784 weights, one for each pixel. Blue: ink here " +
      "speaks for the digit. Orange: ink here speaks against it.",
    name: "Digit",
  },
} as const;

/** The weights of the first layer as pictures, or why they cannot be shown. */
export function FirstLayerView({ state }: { state: FirstLayerState }) {
  if (state === "loading") return <p class="note">Loading the weights …</p>;
  if ("failed" in state) return <p class="error">{state.failed}</p>;
  return <Pictures layer={state} />;
}

/** A picture for each unit, filter or digit, with an explanation. */
function Pictures({ layer }: { layer: FirstLayer }) {
  const all = useSignal(false);
  const { kind, pictures, side, largest } = layer;
  const { title, note, name } = WORDS[kind];
  const shown = all.value ? pictures : pictures.slice(0, FIRST_PICTURES);
  return (
    <section aria-labelledby="layer-title">
      <h3 id="layer-title">{title}</h3>
      <p class="note">{note}</p>
      <Legend largest={largest} />
      <ul class={`weights ${kind}`} aria-labelledby="layer-title">
        {shown.map((weights, i) => (
          <li key={i}>
            <WeightPicture weights={weights} side={side} largest={largest} label={`${name} ${numberOf(kind, i)}`} />
            {kind === "digits" && <span>{i}</span>}
          </li>
        ))}
      </ul>
      {shown.length < pictures.length && (
        <button type="button" onClick={() => all.value = true}>Show all {formatCount(pictures.length)}</button>
      )}
    </section>
  );
}

/** Digits count from 0, units and filters from 1. */
function numberOf(kind: FirstLayer["kind"], index: number): number {
  return kind === "digits" ? index : index + 1;
}

function WeightPicture(
  { weights, side, largest, label }: { weights: Float32Array; side: number; largest: number; label: string },
) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => paintWeights(canvas.current!, weights, side, largest), [weights]);
  return <canvas ref={canvas} width={side} height={side} role="img" aria-label={label} title={label} />;
}

/** The scale of the colours. */
function Legend({ largest }: { largest: number }) {
  return (
    <p class="legend">
      <span>−{largest.toFixed(2)}</span>
      <span class="scale" aria-hidden="true" />
      <span>+{largest.toFixed(2)}</span>
      <span class="note">weight</span>
    </p>
  );
}

/**
 * RGB of weights above and below 0, visible on light and dark pages. As in attributions, blue is for and orange
 * against.
 */
const COLOURS = { above: [45, 112, 224], below: [217, 106, 20] } as const;

/**
 * Paints a picture of `side × side` weights. The farther a weight is from 0, the more opaque its colour. A weight of 0
 * is transparent, so the picture is right on a dark page, too.
 */
function paintWeights(canvas: HTMLCanvasElement, weights: Float32Array, side: number, largest: number): void {
  const context = canvas.getContext("2d")!;
  const picture = context.createImageData(side, side);
  weights.forEach((weight, i) => {
    const strength = largest > 0 ? Math.min(1, Math.abs(weight) / largest) : 0;
    picture.data.set(weight < 0 ? COLOURS.below : COLOURS.above, 4 * i);
    // Most weights are small: the square root makes their differences visible.
    picture.data[4 * i + 3] = Math.round(255 * Math.sqrt(strength || 0));
  });
  context.putImageData(picture, 0, 0);
}
