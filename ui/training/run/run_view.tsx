import { useComputed, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../../shared/components/controls.tsx";
import { bringIntoView } from "../../shared/components/rendering.ts";
import { pageUrl } from "../../shared/wire/page_urls.ts";
import { formatCount, formatDuration, formatPercent } from "../../shared/text/format.ts";
import { Curves } from "./curves_view.tsx";
import type { TrainingPage } from "../training_page.ts";
import { LivePadView } from "../live_pad/live_pad_view.tsx";
import type { Run } from "./run.ts";
import { describeRun } from "./run_words.ts";

/** The right column: what is going on. */
export function RunView({ model }: { model: TrainingPage }) {
  const { run } = model;
  const card = useRef<HTMLDivElement>(null);
  // On a narrow screen the run lies below the settings, out of sight of who just started it.
  useSignalEffect(() => {
    if (!model.pressed.value || !card.current) return;
    model.pressed.value = false;
    bringIntoView(card.current);
  });
  return (
    <div class="card run" ref={card}>
      <h2 class="unseen">The training</h2>
      <Status model={model} />
      <Progress run={run} />
      <RunFigures run={run} />
      <Curves run={run} options={model.chart} />
      <LivePadView livePad={model.livePad} run={run} />
      <RunFiles model={model} />
      <Log lines={run.logs.value} />
    </div>
  );
}

function Status({ model }: { model: TrainingPage }) {
  const { run } = model;
  const phase = run.phase.value;
  // Not with every step: only what is said anew is drawn anew.
  const words = useComputed(() => describeRun(run));
  const tone = !run.connected.value ? "warn" : phase === "done" ? "good" : phase === "failed" ? "bad" : "plain";
  return (
    <div class={`status ${tone}`}>
      <div role="status" aria-label="Training status">{words.value}</div>
      <NextStep model={model} />
    </div>
  );
}

/** The one thing to do with the run as it is. */
function NextStep({ model }: { model: TrainingPage }) {
  const { run, testQuery } = model;
  if (testQuery.value) {
    return <a class="button primary" href={pageUrl("inference", testQuery.value)}>Test this model</a>;
  }
  if (run.resumable.value !== undefined) {
    return <button type="button" class="primary" onClick={() => model.resume()}>Continue</button>;
  }
  return <Button idle={!run.active.value || run.phase.value === "stopping"} onClick={() => run.abort()}>Abort</Button>;
}

/** How far the whole run is, and the epoch under way. */
function Progress({ run }: { run: Run }) {
  const total = run.totalSteps.value;
  const step = run.step.value;
  const epochs = run.config.value?.num_epochs;
  const epoch = run.epochProgress.value;
  return (
    <div class="progress">
      <progress aria-label="Progress" max={total || 1} value={step} />
      <p>
        <span>{total === 0 ? "No steps yet" : `Step ${formatCount(step)} of ${formatCount(total)}`}</span>
        {total > 0 && <span>{percentOf(step, total)}</span>}
      </p>
      <progress class="thin" aria-label="Progress of the epoch" max={epoch?.steps ?? 1} value={epoch?.done ?? 0} />
      <p>
        <span>{epoch === undefined ? "No epoch yet" : `Epoch ${run.epoch.value} of ${epochs}`}</span>
        {epoch && <span>{percentOf(epoch.done, epoch.steps)}</span>}
      </p>
    </div>
  );
}

function percentOf(done: number, all: number): string {
  return `${Math.floor(100 * done / all)} %`;
}

const DEVICES: Readonly<Record<string, string>> = {
  wasm: "CPU (WASM)",
  webgpu: "GPU (WebGPU)",
  reference: "CPU (loops)",
};

function RunFigures({ run }: { run: Run }) {
  const { active, device, imagesPerSecond, secondsLeft, accuracy, result } = run;
  const shown = <T,>(value: T | undefined, format: (value: T) => string) => value === undefined ? "–" : format(value);
  const trained = result.value?.training_time;
  return (
    <Figures
      figures={[
        { name: "Test accuracy", value: shown(accuracy.value, formatPercent) },
        {
          name: active.value || imagesPerSecond.value === undefined ? "Images per second" : "Images/s (mean)",
          value: shown(imagesPerSecond.value, formatCount),
        },
        trained === undefined
          ? { name: "Time left", value: shown(secondsLeft.value, formatDuration) }
          : { name: "Training time", value: formatDuration(trained) },
        { name: "Device", value: shown(device.value, (name) => DEVICES[name] ?? name) },
      ]}
    />
  );
}

/** What is left of a run that ended: files to take along, and a model to train further. */
function RunFiles({ model }: { model: TrainingPage }) {
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
      <h3 id="log-title">Log</h3>
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

export interface Figure {
  name: string;
  value: string;
}

/** A row of named numbers. */
export function Figures({ figures }: { figures: readonly Figure[] }) {
  return (
    <dl class="figures">
      {figures.map(({ name, value }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
