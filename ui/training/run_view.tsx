import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { LossChart } from "../charts/loss_chart.ts";
import { bringIntoView, useAttached } from "../components/effects.ts";
import { Figures } from "../components/figures.tsx";
import { pageUrl } from "../lab/page_urls.ts";
import { formatCount, formatDuration, formatPercent } from "../text/format.ts";
import type { TrainingModel } from "./model.ts";
import { ProbeView } from "./probe/probe_view.tsx";
import type { Run } from "./run.ts";
import { describeRun } from "./run_words.ts";

/** The right column: what is going on. */
export function RunView({ model }: { model: TrainingModel }) {
  const { run } = model;
  const card = useRef<HTMLDivElement>(null);
  // On a narrow screen the run lies below the settings, out of sight of who just started it.
  useSignalEffect(() => {
    if (run.phase.value === "starting" && card.current) bringIntoView(card.current);
  });
  return (
    <div class="card run" ref={card}>
      <Status model={model} />
      <Progress run={run} />
      <RunFigures run={run} />
      <LossCurve run={run} />
      <ProbeView probe={model.probe} run={run} />
      <RunFiles model={model} />
      <Log lines={run.logs.value} />
    </div>
  );
}

function Status({ model }: { model: TrainingModel }) {
  const { run } = model;
  const phase = run.phase.value;
  const tone = !run.connected.value ? "warn" : phase === "done" ? "good" : phase === "failed" ? "bad" : "plain";
  return (
    <div class={`status ${tone}`}>
      <div role="status" aria-label="Training status">{describeRun(run)}</div>
      <NextStep model={model} />
    </div>
  );
}

/** The one thing to do with the run as it is. */
function NextStep({ model }: { model: TrainingModel }) {
  const { run, testQuery } = model;
  if (testQuery.value) {
    return <a class="button primary" href={pageUrl("inference", testQuery.value)}>Test this model</a>;
  }
  if (run.resumable.value !== undefined) {
    return <button type="button" class="primary" onClick={() => model.resume()}>Continue</button>;
  }
  const disabled = !run.active.value || run.phase.value === "stopping";
  return <button type="button" disabled={disabled} onClick={() => run.abort()}>Abort</button>;
}

function Progress({ run }: { run: Run }) {
  const total = run.totalSteps.value;
  const step = run.step.value;
  return (
    <div class="progress">
      <progress aria-label="Progress" max={total || 1} value={step} />
      <p>
        <span>{total === 0 ? "No steps yet" : `Step ${formatCount(step)} of ${formatCount(total)}`}</span>
        {total > 0 && <span>{Math.floor(100 * step / total)} %</span>}
      </p>
    </div>
  );
}

function RunFigures({ run }: { run: Run }) {
  const { epoch, config, imagesPerSecond, secondsLeft, accuracy, result } = run;
  const epochs = config.value?.num_epochs;
  const shown = <T,>(value: T | undefined, format: (value: T) => string) => value === undefined ? "–" : format(value);
  const trained = result.value?.training_time;
  return (
    <Figures
      figures={[
        { name: "Epoch", value: shown(epoch.value || undefined, (at) => `${at} / ${epochs ?? "–"}`) },
        { name: "Test accuracy", value: shown(accuracy.value, formatPercent) },
        { name: "Images per second", value: shown(imagesPerSecond.value, formatCount) },
        trained === undefined
          ? { name: "Time left", value: shown(secondsLeft.value, formatDuration) }
          : { name: "Training time", value: formatDuration(trained) },
      ]}
    />
  );
}

function LossCurve({ run }: { run: Run }) {
  const [element, chart] = useAttached((parent: HTMLDivElement) => new LossChart(parent, run.losses));
  useSignalEffect(() => {
    run.lossesVersion.value;
    chart.current?.update();
  });
  const empty = run.lossesVersion.value === 0 || run.losses.lastStep === 0;
  const note = run.losses.diverged
    ? "The loss is no longer a number: the training diverged. A lower learning rate helps."
    : "Falls as the network learns. Guessing gives about 2.3.";
  return (
    <section class="curve" aria-labelledby="curve-title">
      <h2 id="curve-title">How wrong it is (loss)</h2>
      <p class="note">{note}</p>
      <div class={empty ? "chart empty" : "chart"}>
        <div ref={element} role="img" aria-label="Loss curve" />
        {empty && <p class="note">The curve appears here.</p>}
      </div>
    </section>
  );
}

/** What is left of a run that ended: files to take along, and a model to train further. */
function RunFiles({ model }: { model: TrainingModel }) {
  const { active, id, phase, result, step } = model.run;
  if (active.value || phase.value === "kept" || id.value === undefined || step.value === 0) return null;
  const path = `/api/runs/${encodeURIComponent(id.value)}`;
  return (
    <p class="files note">
      <a href={`${path}/curve.png`} target="_blank">Curve as a picture</a>
      <a href={`${path}/history.csv`} download>History as a table</a>
      {result.value && <button type="button" onClick={() => model.trainFurther()}>Train further</button>}
    </p>
  );
}

function Log({ lines }: { lines: readonly string[] }) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [lines]);
  return (
    <section class="log" aria-labelledby="log-title">
      <h2 id="log-title">Log</h2>
      {lines.length === 0
        ? <p class="note">What the lab reports while it trains is kept here.</p>
        : (
          <div ref={list} class="lines" role="log" aria-labelledby="log-title" tabIndex={0}>
            {lines.map((line, index) => <p key={index}>{line}</p>)}
          </div>
        )}
    </section>
  );
}
