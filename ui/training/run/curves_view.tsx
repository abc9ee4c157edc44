import { untracked, useComputed, useSignalEffect } from "@preact/signals";
import { AccuracyChart } from "../../shared/charts/accuracy_chart.ts";
import { type ChartOptions, MAX_SMOOTHING } from "../../shared/charts/chart_options.ts";
import { LossChart, type LossChartOptions } from "../../shared/charts/loss_chart.ts";
import { useAttached } from "../../shared/components/rendering.tsx";
import { formatPercent } from "../../shared/text/format.ts";
import { type DatasetSize, testDigits } from "../../shared/wire/dataset_size.ts";
import type { Run } from "./run.ts";
import { describeCurves } from "./run_words.ts";

/** Converts the page's options into those of the chart. */
const chartOptions = ({ logScale, smoothing }: ChartOptions): LossChartOptions => ({
  logScale: logScale.value,
  smoothing: smoothing.value / 100,
});

/** The progress of a run: loss and accuracy as curves, in a sentence and in a table. */
export function Curves(
  { run, options, size }: { run: Run; options: ChartOptions; size: DatasetSize | undefined },
) {
  return (
    <>
      <LossCurve run={run} options={options} />
      <AccuracyCurve run={run} size={size} />
      <Summary run={run} />
    </>
  );
}

/** The loss over steps, with the controls of its chart. */
function LossCurve({ run, options }: { run: Run; options: ChartOptions }) {
  const [element, chart] = useAttached((parent: HTMLDivElement) =>
    new LossChart(parent, run.losses, chartOptions(options))
  );
  useSignalEffect(() => {
    run.lossesVersion.value;
    chart.current?.update(chartOptions(options));
  });
  // Computed, so that it renders only when the result changes and not with every loss.
  const empty = useComputed(() => run.lossesVersion.value === 0 || run.losses.lastStep === 0).value;
  const diverged = useComputed(() => run.lossesVersion.value > 0 && run.losses.diverged).value;
  return (
    <section class="curve" aria-label="Loss">
      <div class="curve-heading">
        <h3>How wrong it is (loss)</h3>
        <CurveControls options={options} />
      </div>
      <p class="note">
        {diverged
          ? "The loss is no longer a number (NaN): the training diverged. A lower learning rate helps."
          : "Falls as it learns. Guessing gives about 2.3."}
      </p>
      <div class={empty ? "chart empty" : "chart"}>
        <div ref={element} role="img" aria-label="Loss curve" aria-describedby="curve-summary" />
        {empty && <p class="note">The curve appears here.</p>}
      </div>
    </section>
  );
}

/** Scale and smoothing of the loss curve. */
function CurveControls({ options }: { options: ChartOptions }) {
  const smoothing = options.smoothing.value;
  const words = smoothing === 0 ? "off" : `last ${smoothing} % of the run`;
  return (
    <div class="curve-controls">
      <label>
        <input
          type="checkbox"
          checked={options.logScale.value}
          onChange={(event) => options.useLogScale(event.currentTarget.checked)}
        />
        Log scale
      </label>
      <label>
        Smoothing
        <input
          type="range"
          min={0}
          max={MAX_SMOOTHING}
          step={1}
          value={smoothing}
          aria-valuetext={words}
          title={`Running mean: ${words}`}
          onInput={(event) => options.smooth(Number(event.currentTarget.value))}
        />
        <output>{smoothing === 0 ? "off" : `${smoothing} %`}</output>
      </label>
    </div>
  );
}

/** The test accuracy over epochs. */
function AccuracyCurve({ run, size }: { run: Run; size: DatasetSize | undefined }) {
  const [element, chart] = useAttached((parent: HTMLDivElement) => new AccuracyChart(parent));
  useSignalEffect(() => chart.current?.update(run.epochs.value, run.config.value?.num_epochs ?? 1));
  const empty = run.epochs.value.length === 0;
  return (
    <section class="curve" aria-label="Test accuracy">
      <h3>How often it is right (test accuracy)</h3>
      <p class="note">On {testDigits(size)} it never trains on.</p>
      <div class={empty ? "chart low empty" : "chart low"}>
        <div ref={element} role="img" aria-label="Accuracy curve" aria-describedby="curve-summary" />
        {empty && <p class="note">A point for each epoch appears here.</p>}
      </div>
    </section>
  );
}

/**
 * Both curves in words and numbers. Updated ten times a run and with each epoch, because nobody could follow an update
 * at every step.
 */
function Summary({ run }: { run: Run }) {
  const tenth = useComputed(() => Math.floor(10 * run.step.value / (run.totalSteps.value || 1)));
  const words = useComputed(() => {
    tenth.value;
    run.phase.value;
    run.epochs.value;
    return untracked(() => describeCurves(run));
  }).value;
  const epochs = run.epochs.value;
  return (
    <div class="summary">
      <p id="curve-summary" class="note">{words}</p>
      {epochs.length > 0 && (
        <details>
          <summary>Numbers of each epoch</summary>
          <div class="scrolls" tabIndex={0} role="region" aria-label="Numbers of each epoch">
            <table>
              <thead>
                <tr>
                  <th scope="col">Epoch</th>
                  <th scope="col">Mean loss</th>
                  <th scope="col">Test accuracy</th>
                </tr>
              </thead>
              <tbody>
                {epochs.map(({ epoch, meanLoss, accuracy }) => (
                  <tr key={epoch}>
                    <th scope="row">{epoch}</th>
                    <td>{meanLoss?.toFixed(4) ?? "–"}</td>
                    <td>{formatPercent(accuracy)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      )}
    </div>
  );
}
