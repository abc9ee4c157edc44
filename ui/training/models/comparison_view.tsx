import { type Signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { CompareChart, type CompareChartOptions, DASHES } from "../../shared/charts/compare_chart.ts";
import { formatPercent } from "../../shared/text/format.ts";
import { type DatasetSize, testDigits } from "../../shared/wire/dataset_size.ts";
import {
  type Compared,
  type ComparedField,
  type Comparison,
  type Curve,
  type Curves,
  onCommonEpochs,
  valueAt,
} from "./comparison.ts";

/** The selected models side by side: their learning curves, and the settings in which they differ. */
export function ComparisonView({ comparison, size, onClose }: {
  comparison: Comparison;
  size: DatasetSize | undefined;
  onClose: () => void;
}) {
  const isOpen = comparison.isOpen.value;
  const heading = useRef<HTMLHeadingElement>(null);
  const wasOpen = useRef(isOpen);
  /** The epoch under the pointer. */
  const epoch = useSignal<number | undefined>(undefined);
  const isLogarithmic = useSignal(false);
  // Opening the comparison moves the focus here; loading a page with the comparison open does not.
  useEffect(() => {
    if (isOpen && !wasOpen.current) heading.current?.focus();
    wasOpen.current = isOpen;
  }, [isOpen]);
  if (!isOpen) return null;
  const models = comparison.models.value;
  const withCurves = models.flatMap(({ name, learning }, index) =>
    learning.kind === "curves" ? [{ index, name, ...learning.curves }] : []
  );
  return (
    <section class="comparison" aria-labelledby="comparison-title">
      <div class="heading">
        <h2 id="comparison-title" ref={heading} tabIndex={-1}>{`${models.length} models compared`}</h2>
        <button type="button" onClick={onClose}>Close</button>
      </div>
      <Legend models={models} epoch={epoch.value} onRetry={() => comparison.retry()} />
      {withCurves.length > 0 && (
        <div class="curves">
          <CompareCurves
            title="How wrong they were (loss)"
            note="Running mean of the training loss, over epochs. Lower is better."
            lines={withCurves.map(({ index, name, loss }) => ({ index, name, curve: loss }))}
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
              Logarithmic loss: shows small differences
            </label>
          </CompareCurves>
          <CompareCurves
            title="How often they are right (test accuracy)"
            note={`On ${testDigits(size)}, after each epoch. Higher is better.`}
            lines={withCurves.map(({ index, name, accuracy }) => ({ index, name, curve: accuracy }))}
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

/** Shows which line belongs to which model, and the model's values under the pointer or at the end. */
function Legend(
  { models, epoch, onRetry }: { models: readonly Compared[]; epoch: number | undefined; onRetry: () => void },
) {
  return (
    <ul class="compare-legend" aria-label="Models compared">
      {models.map(({ letter, name, model, learning }, index) => (
        <li key={model.id}>
          <svg viewBox="0 0 32 8" aria-hidden="true" class={`series series-${index + 1}`}>
            <line x1="1" y1="4" x2="31" y2="4" stroke-dasharray={DASHES[index].join(" ")} />
          </svg>
          <p>
            <strong>{letter}</strong> {name}
            {learning.kind === "loading" && <span class="note">Its history is loading …</span>}
            {learning.kind === "none" && <span class="note">No curve. {learning.words}</span>}
            {learning.kind === "unknown" && (
              <span class="note">
                Its history could not be loaded.{" "}
                <button type="button" class="inline" onClick={onRetry}>Try again</button>
              </span>
            )}
            {learning.kind === "curves" && <ValuesAt {...learning.curves} epoch={epoch} />}
          </p>
        </li>
      ))}
    </ul>
  );
}

/** Loss and accuracy of a model at `epoch`, or at its last one: the line is always there, so that nothing moves. */
function ValuesAt({ loss, accuracy, epoch: pointed }: Curves & { epoch: number | undefined }) {
  const epoch = pointed ?? Math.max(loss.epochs.at(-1) ?? 0, accuracy.epochs.at(-1) ?? 0);
  const wholeEpoch = Math.floor(epoch + 1e-9);
  const lossThere = valueAt(loss, epoch), accuracyThere = valueAt(accuracy, wholeEpoch);
  const parts = [
    lossThere === null ? undefined : `loss ${lossThere.toFixed(3)}`,
    accuracyThere === null ? undefined : `${formatPercent(accuracyThere)} after epoch ${wholeEpoch}`,
  ].filter((part) => part !== undefined);
  return (
    <span class="note values">
      {parts.length > 0 ? `Epoch ${epoch.toFixed(1)}: ${parts.join(", ")}` : "Its training was over by then"}
    </span>
  );
}

interface CompareCurvesProps {
  title: string;
  note: string;
  /** `index`: position of the model in the comparison. */
  lines: readonly { index: number; name: string; curve: Curve }[];
  format: (value: number) => string;
  /** Receives the epoch under the pointer. */
  epoch: Signal<number | undefined>;
  scale: CompareChartOptions["scale"];
  /** One value for each epoch: few enough to mark each. */
  isByEpoch?: boolean;
  children?: ComponentChildren;
}

/** One chart with a curve for each model. */
function CompareCurves(
  { title, note, lines, format, epoch, scale, isByEpoch = false, children }: CompareCurvesProps,
) {
  const element = useRef<HTMLDivElement>(null);
  const id = useId();
  // Redraws the chart only when other curves are shown.
  const shown = lines.map(({ index, name, curve }) => `${index} ${name} ${curve.epochs.length}`).join("\n");
  useEffect(() => {
    const chart = new CompareChart(element.current!, {
      lines: lines.map(({ index, name }) => ({ index, label: name })),
      data: onCommonEpochs(lines.map(({ curve }) => curve)),
      format,
      scale,
      points: isByEpoch,
      onPoint: (at) => epoch.value = at,
    });
    return () => chart.close();
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

/** Describes the chart for users who cannot see it: where each curve ends. */
function describe(title: string, lines: CompareCurvesProps["lines"], format: (value: number) => string): string {
  const ends = lines.map(({ name, curve }) => {
    const last = curve.values.findLast((value) => value !== null);
    return `${name}: ${last == null ? "no numbers" : `ends at ${format(last)}`}`;
  });
  return `${title}. ${ends.join("; ")}`;
}

/** A table of the settings in which the models differ, and of their results. */
function Differences({ models, fields }: { models: readonly Compared[]; fields: readonly ComparedField[] }) {
  const areSame = fields.length === 2;
  return (
    <div class="differences">
      <h3>Differences</h3>
      {areSame && <p class="note">All settings are the same; only chance (the seed) may differ.</p>}
      <div class="scroll" role="region" aria-label="Differences" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <td />
              {models.map(({ letter, model }, index) => (
                <th key={model.id} scope="col">
                  <span class={`mark series-${index + 1}`} aria-hidden="true" /> {letter}
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
