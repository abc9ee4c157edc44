import { computed, effect, signal, untracked } from "@preact/signals";
import {
  FINISHED_STATES,
  formatFormQuery,
  type FormQuery,
  parseFormQuery,
  type TrainConfig,
} from "../../protocol/mod.ts";
import { ChartOptions } from "../shared/charts/chart_options.ts";
import type { LabConnection } from "../shared/wire/connection.ts";
import { queryOf } from "../shared/wire/page_urls.ts";
import { forVisit, type Preferences } from "../shared/wire/preferences.ts";
import { StoredModels, StoredWeights } from "../shared/wire/stored_models.ts";
import { Analysis } from "./analysis/analysis.ts";
import { TrainingForm } from "./form.ts";
import { LabModels } from "./models/lab_models.ts";
import { listRuns, Run } from "./run/run.ts";
import { findNearby, type Nearby } from "./nearby.ts";
import { LivePad } from "./live_pad/live_pad.ts";

/** Query field that names the run which this page started, so that a reload finds it again. */
const RUN_KEY = "run";
/** Query field that names the stored model which is looked into. */
const ANALYSIS_KEY = "analysis";

/** Everything the training page knows and does, without a DOM. */
export class TrainingPage {
  readonly form = new TrainingForm();
  readonly run: Run;
  readonly stored: StoredModels;
  readonly models: LabModels;
  readonly chart: ChartOptions;
  readonly analysis: Analysis;
  readonly livePad: LivePad;
  /** Whether the run was started elsewhere and only found here. */
  readonly #adopted = signal(false);
  /** Whether somebody has just asked for a run here and is to be led to it; the page takes it back once it has. */
  readonly pressed = signal(false);
  /** Whether a training waits for deletions to be done before it starts. */
  readonly #isAboutToStart = signal(false);
  readonly #connection: LabConnection;
  /** The model that this page itself has opened the analysis of. */
  #lookedInto?: string;

  /** A run that was only found here does not keep anyone from asking for the next one; it queues. */
  readonly canStart = computed(() =>
    this.form.config.value !== undefined && !this.#isAboutToStart.value &&
    (this.#adopted.value || !this.run.active.value)
  );

  /** What is stored already that is like the settings; undefined for nothing, and while a setting is wrong. */
  readonly nearby = computed((): Nearby | undefined => {
    const config = this.form.config.value, records = this.stored.records.value;
    return config && records && findNearby(records, config);
  });

  /** What the address bar shows behind `?`. */
  readonly address = computed(() => {
    const query = new URLSearchParams(formatFormQuery(this.form.fullQuery.value));
    for (const [key, value] of Object.entries(this.models.table.query.value)) query.set(key, value);
    const id = this.run.id.value;
    // A run that was only found here is named where it can go on: else a reload would not find it again.
    const isNamed = !this.#adopted.value || this.run.resumable.value !== undefined;
    if (id !== undefined && isNamed) query.set(RUN_KEY, id);
    const analysed = this.analysis.id.value;
    if (analysed !== undefined && analysed !== this.run.result.value?.model_id) query.set(ANALYSIS_KEY, analysed);
    return query.toString();
  });

  /** Fields of the link to the model just trained; undefined before there is one. */
  readonly testQuery = computed((): FormQuery | undefined => {
    const config = this.run.config.value;
    const result = this.run.result.value;
    return config && result && { ...queryOf(config), model_id: result.model_id };
  });

  constructor(connection: LabConnection, preferences: Preferences = forVisit()) {
    this.#connection = connection;
    this.chart = new ChartOptions(preferences);
    this.run = new Run(connection);
    this.stored = new StoredModels(connection);
    this.models = new LabModels(connection, this.stored);
    const weights = new StoredWeights(connection);
    this.analysis = new Analysis(connection, weights);
    this.livePad = new LivePad(this.run, weights);
    // At the beginning, and when a training has stored its model.
    effect(() => {
      this.run.result.value;
      this.stored.refresh();
    });
    effect(() => {
      const result = this.run.result.value;
      if (result === undefined) this.livePad.forgetFinalAnswer();
      else untracked(() => this.#lookInto(result.model_id));
    });
  }

  /** The model just trained; but what somebody has opened, also by the address, stays before them. */
  #lookInto(id: string): void {
    void this.livePad.askFinishedModel();
    const open = this.analysis.id.value;
    if (open !== undefined && open !== this.#lookedInto) return;
    this.#lookedInto = id;
    void this.analysis.open(id);
  }

  /**
   * Takes over the address's fields and finds the run that this page follows: the one that the address names, else the
   * newest of the lab that has not ended. A page without wishes also shows the latest run where that can go on.
   */
  async open(search: string): Promise<void> {
    const query = parseFormQuery(search);
    this.form.read(query);
    this.models.table.read(search);
    const analysed = new URLSearchParams(search).get(ANALYSIS_KEY);
    if (analysed !== null) void this.analysis.open(analysed);
    const named = new URLSearchParams(search).get(RUN_KEY);
    // A lab that cannot be asked will say so when a training is started.
    const runs = await listRuns(this.#connection) ?? [];
    if (this.run.phase.value !== "idle") return;
    if (named !== null && runs.some((run) => run.id === named)) return this.run.follow(named);
    const isFresh = Object.keys(query).length === 0;
    const found = runs.find((run) => !FINISHED_STATES.includes(run.state)) ??
      (isFresh && runs[0]?.resume !== undefined ? runs[0] : undefined);
    if (found === undefined) return;
    this.#adopted.value = true;
    if (isFresh) this.form.set(found.config);
    this.run.follow(found.id);
  }

  start(): void {
    const config = this.form.config.value;
    if (config === undefined || !this.canStart.value) return;
    this.#press();
    void this.#start(config);
  }

  /** Goes on with the run that stopped. */
  resume(): void {
    this.#press();
    this.run.resume();
  }

  /** A model that was removed here a moment ago is none that could be overwritten. */
  async #start(config: TrainConfig): Promise<void> {
    if (this.models.deletions.isUnsettled) {
      this.#isAboutToStart.value = true;
      await this.models.deletions.settle();
      this.#isAboutToStart.value = false;
    }
    this.run.start(config);
  }

  #press(): void {
    this.#adopted.value = false;
    this.pressed.value = true;
  }

  /** Trains the model of this run further, as a new one, with the settings that it was trained with. */
  trainFurther(): void {
    const config = this.run.config.value, result = this.run.result.value;
    if (config === undefined || result === undefined) return;
    this.#press();
    // Without the seed: the digits come in another order than before.
    this.run.start({ ...config, seed: undefined, start_from: result.model_id });
  }
}
