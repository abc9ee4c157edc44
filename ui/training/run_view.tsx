import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { LossChart } from "../charts/loss_chart.ts";
import { bringIntoView, useAttached } from "../components/effects.ts";
import { Figures } from "../components/figures.tsx";
import { pageUrl } from "../lab/page_urls.ts";
import { formatCount, formatDuration, formatPercent } from "../text/format.ts";
import type { TrainingModel } from "./model.ts";
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
      <Status run={run} testUrl={model.testQuery.value && pageUrl("inference", model.testQuery.value)} />
      <Progress run={run} />
      <RunFigures run={run} />
      <LossCurve run={run} />
      <Log lines={run.logs.value} />
    </div>
  );
}

function Status({ run, testUrl }: { run: Run; testUrl: string | undefined }) {
  const phase = run.phase.value;
  const tone = !run.connected.value ? "warn" : phase === "done" ? "good" : phase === "failed" ? "bad" : "plain";
  return (
    <div class={`status ${tone}`}>
      <div role="status" aria-label="Training status">{describeRun(run)}</div>
      {testUrl
        ? <a class="button primary" href={testUrl}>Test this model</a>
        : (
          <button type="button" disabled={!run.active.value || phase === "stopping"} onClick={() => run.abort()}>
            Abort
          </button>
        )}
    </div>
  );
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
