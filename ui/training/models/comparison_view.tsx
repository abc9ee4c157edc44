import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { CompareChart, type CompareChartOptions, DASHES } from "../../shared/charts/compare_chart.ts";
import { formatPercent } from "../../shared/text/format.ts";
import type { Compared, ComparedField, Comparison } from "./comparison.ts";
import { type Curve, heightAt, onCommonEpochs } from "./curves.ts";

/** The selected models side by side: how they learnt, and in what they differ. */
export function ComparisonView({ comparison, onClose }: { comparison: Comparison; onClose: () => void }) {
  const isOpen = comparison.isOpen.value;
  const heading = useRef<HTMLHeadingElement>(null);
  const wasOpen = useRef(isOpen);
  /** The epoch under the pointer. */
  const epoch = useSignal<number | undefined>(undefined);
  const isLogarithmic = useSignal(false);
  // Whoever opens it is led there; whoever comes by a link that holds it is not.
  useEffect(() => {
    if (isOpen && !wasOpen.current) heading.current?.focus();
    wasOpen.current = isOpen;
  }, [isOpen]);
  if (!isOpen) return null;
  const models = comparison.models.value;
  const learnt = models.flatMap(({ learning }, place) =>
    learning.kind === "curves" ? [{ place, ...learning.curves }] : []
  );
  return (
    <section class="comparison" aria-labelledby="comparison-title">
      <div class="heading">
        <h2 id="comparison-title" ref={heading} tabIndex={-1}>{`${models.length} models compared`}</h2>
        <button type="button" onClick={onClose}>Close</button>
      </div>
      <Legend models={models} epoch={epoch.value} onRetry={() => comparison.retry()} />
      {learnt.length > 0 && (
        <div class="curves">
          <CompareCurves
            title="How wrong they were (loss)"
            note="Running mean of the training loss, over epochs. Lower is better."
            lines={learnt.map(({ place, loss }) => ({ place, name: models[place].name, curve: loss }))}
            format={(loss) => String(Number(loss.toPrecision(2)))}
            epoch={epoch}
            scale={isLogarithmic.value ? "logarithmic" : "from zero"}
          >
            <label class="logarithmic">
              <input
                type="checkbox"
                checked={isLogarithmic.value}
                onChange={(event) => isLogarithmic.value = event.currentTarget.checked}
              />
              Logarithmic loss: small differences show
            </label>
          </CompareCurves>
          <CompareCurves
            title="How much they read (test accuracy)"
            note="Of the 10,000 test digits, after each epoch. Higher is better."
            lines={learnt.map(({ place, accuracy }) => ({ place, name: models[place].name, curve: accuracy }))}
            format={(percent) => `${Number(percent.toFixed(2))} %`}
            epoch={epoch}
            scale="close"
            isByEpoch
          />
        </div>
      )}
      <Differences models={models} fields={comparison.fields.value} />
    </section>
  );
}

/** Which line is which, and what each says under the pointer. */
function Legend(
  { models, epoch, onRetry }: { models: readonly Compared[]; epoch: number | undefined; onRetry: () => void },
) {
  return (
    <ul class="compare-legend" aria-label="Models compared">
      {models.map(({ letter, name, model, learning }, place) => (
        <li key={model.id}>
          <svg viewBox="0 0 32 8" aria-hidden="true" class={`series series-${place + 1}`}>
            <line x1="1" y1="4" x2="31" y2="4" stroke-dasharray={DASHES[place].join(" ")} />
          </svg>
          <p>
            <strong>{letter}</strong> {name}
            {learning.kind === "loading" && <span class="note">Its history is loading …</span>}
            {learning.kind === "none" && <span class="note">No curve. {learning.words}</span>}
            {learning.kind === "unknown" && (
              <span class="note">
                The lab could not be asked for its history.{" "}
                <button type="button" class="inline" onClick={onRetry}>Try again</button>
              </span>
            )}
            {learning.kind === "curves" && epoch !== undefined && <AtEpoch {...learning.curves} epoch={epoch} />}
          </p>
        </li>
      ))}
    </ul>
  );
}

function AtEpoch(
  { loss, accuracy, epoch }: Extract<Compared["learning"], { kind: "curves" }>["curves"] & { epoch: number },
) {
  const lossThere = heightAt(loss, epoch);
  const whole = Math.floor(epoch + 1e-9);
  const accuracyThere = heightAt(accuracy, whole);
  const parts = [
    lossThere === null ? undefined : `loss ${lossThere.toFixed(3)}`,
    accuracyThere === null ? undefined : `${formatPercent(accuracyThere)} after epoch ${whole}`,
  ].filter((part) => part !== undefined);
  return (
    <span class="note">{parts.length > 0 ? `Epoch ${epoch.toFixed(1)}: ${parts.join(", ")}` : "Was over by then"}</span>
  );
}

function Differences({ models, fields }: { models: readonly Compared[]; fields: readonly ComparedField[] }) {
  const same = fields.length === 2;
  return (
    <div class="differences">
      <h3>In what they differ</h3>
      {same && <p class="note">All settings are the same; only chance (the seed) may differ.</p>}
      <div class="scroll" role="region" aria-label="In what they differ" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <td />
              {models.map(({ letter, model }, place) => (
                <th key={model.id} scope="col">
                  <span class={`mark series-${place + 1}`} aria-hidden="true" /> {letter}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {fields.map(({ title, values, best }) => (
              <tr key={title}>
                <th scope="row">{title}</th>
                {values.map((value, i) => (
                  <td key={i} class={best.includes(i) ? "best" : undefined}>
                    {value}
                    {best.includes(i) && <span class="unseen">, the best</span>}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

interface CompareCurvesProps {
  title: string;
  note: string;
  lines: readonly { place: number; name: string; curve: Curve }[];
  format: (value: number) => string;
  /** Where the epoch under the pointer is told. */
  epoch: Signal<number | undefined>;
  scale: CompareChartOptions["scale"];
  /** One value for each epoch: few enough to be marked. */
  isByEpoch?: boolean;
  children?: ComponentChildren;
}

/** One chart with a curve for each model. */
export function CompareCurves(
  { title, note, lines, format, epoch, scale, isByEpoch = false, children }: CompareCurvesProps,
) {
  const element = useRef<HTMLDivElement>(null);
  const id = useId();
  // Drawn anew only when another curve is shown.
  const shown = lines.map(({ place, name, curve }) => `${place} ${name} ${curve.epochs.length}`).join("\n");
  useEffect(() => {
    const chart = new CompareChart(element.current!, {
      lines: lines.map(({ place, name }) => ({ place, label: name })),
      data: onCommonEpochs(lines.map(({ curve }) => curve)),
      format,
      scale,
      points: isByEpoch,
      onPoint: (at) => epoch.value = at,
    });
    return () => chart.dispose();
  }, [shown, scale]);
  return (
    <section aria-labelledby={id}>
      <h3 id={id}>{title}</h3>
      <p class="note">{note}</p>
      <div ref={element} class="compare-chart" role="img" aria-label={describe(title, lines, format)} />
      {children}
    </section>
  );
}

/** What a picture of curves says to those who do not see it: where each ends. */
function describe(title: string, lines: CompareCurvesProps["lines"], format: (value: number) => string): string {
  const ends = lines.map(({ name, curve }) => {
    const last = curve.values.findLast((value) => value !== null);
    return `${name}: ${last == null ? "no numbers" : `ends at ${format(last)}`}`;
  });
  return `${title}. ${ends.join("; ")}`;
}
