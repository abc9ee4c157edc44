import type { InferenceModel, Place } from "./model.ts";

const PLACES: readonly { place: Place; text: string }[] = [
  { place: "browser", text: "In this browser" },
  { place: "server", text: "On the server" },
];

/** Who does the arithmetic. */
export function PlaceSwitch({ model }: { model: InferenceModel }) {
  return (
    <fieldset class="place" role="radiogroup" aria-labelledby="place-title">
      <legend id="place-title">Where to predict</legend>
      <div class="segments">
        {PLACES.map(({ place, text }) => (
          <label key={place}>
            <input type="radio" name="place" checked={model.place === place} onChange={() => model.place = place} />
            {text}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
