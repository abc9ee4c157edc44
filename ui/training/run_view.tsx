import { useComputed, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../shared/components/controls.tsx";
import { bringIntoView } from "../shared/components/rendering.tsx";
import { describeModel, formatCount, formatDuration, formatPercent } from "../shared/text/format.ts";
import { pageUrl } from "../shared/wire/page_urls.ts";
import { LivePadView } from "./live_pad/live_pad_view.tsx";
import { Curves } from "./run/curves_view.tsx";
import type { Run } from "./run/run.ts";
import { describeRun } from "./run/run_words.ts";
import type { TrainingPage } from "./training_page.ts";

/** The right column: the state of the run, its progress, curves, live pad, files and log. */
export function RunView({ page }: { page: TrainingPage }) {
  const { run } = page;
  const card = useRef<HTMLDivElement>(null);
  // On a narrow screen the run is below the settings, out of view when it is started.
  useSignalEffect(() => {
    if (!page.scrollsToRun.value || !card.current) return;
    page.scrollsToRun.value = false;
    const pad = card.current.querySelector(".live-pad");
    // A user who has drawn a digit wants to watch it.
    if (page.livePad.sketch.blank.peek()) bringIntoView(card.current);
    else pad?.scrollIntoView({ block: "nearest" });
  });
  return (
    <div class="card run" ref={card}>
      <h2 class="unseen">The training</h2>
      <Status page={page} />
      <OtherRunsView page={page} name="Other training runs" ended={false} />
      <Progress run={run} />
      <RunFigures run={run} />
      <LivePadView livePad={page.livePad} run={run} />
      <Curves run={run} options={page.chart} size={page.form.datasetSize.value} />
      <RunFiles page={page} />
      <OtherRunsView page={page} name="Trained before" ended />
      <Log lines={run.logs.value} />
    </div>
  );
}

/** The state of the run in words, and the button for the next step. */
function Status({ page }: { page: TrainingPage }) {
  const { run } = page;
  const phase = run.phase.value;
  // Computed, so that it renders only when the words change and not with every step.
  const words = useComputed(() => describeRun(run));
  const tone = !run.connected.value ? "warn" : phase === "done" ? "good" : phase === "failed" ? "bad" : "plain";
  return (
    <div class={`status ${tone}`}>
      <div role="status" aria-label="Training status">{words.value}</div>
      <NextStep page={page} />
    </div>
  );
}

/** The next step: test the model, continue or abort the run, or train a kept model again. */
function NextStep({ page }: { page: TrainingPage }) {
  const { run, testQuery } = page;
  const test = testQuery.value &&
    <a class="button primary" href={pageUrl("inference", testQuery.value)}>Test this model</a>;
  if (run.phase.value === "kept") {
    return (
      <div class="buttons">
        {test}
        <button type="button" onClick={() => page.trainAgain()}>Train again and replace it</button>
      </div>
    );
  }
  if (test) return test;
  if (run.resumable.value !== undefined) {
    return <button type="button" class="primary" onClick={() => page.resume()}>Continue</button>;
  }
  return <Button idle={!run.active.value || run.phase.value === "stopping"} onClick={() => run.abort()}>Abort</Button>;
}

/** Lists the lab's other training runs, or those that have `ended`. */
function OtherRunsView({ page, name, ended }: { page: TrainingPage; name: string; ended: boolean }) {
  const others = page.others.list.value.filter(({ active, config, id }) =>
    config.value && active.value !== ended && id.value !== page.run.id.value
  );
  if (others.length === 0) return null;
  return (
    <ul class="other-runs" aria-label={name}>
      {others.map((run) => <OtherRun key={run.id.value} run={run} onShow={() => page.show(run)} />)}
    </ul>
  );
}

function OtherRun({ run, onShow }: { run: Run; onShow: () => void }) {
  const words = useComputed(() => describeRun(run)).value, name = describeModel(run.config.value!);
  return (
    <li>
      <p title={name}>
        {words} <span class="note">{name}</span>
      </p>
      <button type="button" class="small" aria-label={`Show ${name}`} onClick={onShow}>Show</button>
    </li>
  );
}

/** Progress of the whole run and of the current epoch. */
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

function percentOf(done: number, total: number): string {
  return `${Math.floor(100 * done / total)} %`;
}

/** Names of the backends. */
const DEVICES: Readonly<Record<string, string>> = {
  wasm: "CPU (WASM)",
  webgpu: "GPU (WebGPU)",
  reference: "CPU (plain loops)",
};

/** Accuracy, speed, time and device of the run. */
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

/** What a finished run leaves behind: its curve and history as files, and a model to train further. */
function RunFiles({ page }: { page: TrainingPage }) {
  const { active, id, phase, result, step } = page.run;
  if (active.value || phase.value === "kept" || id.value === undefined || step.value === 0) return null;
  const path = `/api/runs/${encodeURIComponent(id.value)}`;
  return (
    <p class="files note">
      <a href={`${path}/curve.svg`} target="_blank">Curve as a picture</a>
      <a href={`${path}/history.csv`} download>History as a table</a>
      {result.value && <button type="button" onClick={() => page.trainFurther()}>Train further</button>}
    </p>
  );
}

/** The messages of the run, scrolled to the latest. */
function Log({ lines }: { lines: readonly string[] }) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [lines]);
  return (
    <section class="log" aria-labelledby="log-title">
      <h3 id="log-title">Log</h3>
      {lines.length === 0
        ? <p class="note">Messages of the training appear here.</p>
        : (
          <div ref={list} class="lines" role="log" aria-labelledby="log-title" tabIndex={0}>
            {lines.map((line, index) => <p key={index}>{line}</p>)}
          </div>
        )}
    </section>
  );
}

/** A row of named numbers. */
function Figures({ figures }: { figures: readonly { name: string; value: string }[] }) {
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
