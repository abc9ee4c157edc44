import { computed, effect, signal, untracked } from "@preact/signals";
import {
  FINISHED_STATES,
  formatFormQuery,
  type FormQuery,
  parseFormQuery,
  type TrainConfig,
  unknownInQuery,
} from "../../protocol/mod.ts";
import { ChartOptions } from "../shared/charts/chart_options.ts";
import type { LabConnection } from "../shared/wire/connection.ts";
import { fetchDatasetSize } from "../shared/wire/dataset_size.ts";
import { queryOf } from "../shared/wire/page_urls.ts";
import { forVisit, type Preferences } from "../shared/wire/preferences.ts";
import { StoredModels, StoredWeights } from "../shared/wire/stored_models.ts";
import { Analysis } from "./analysis/analysis.ts";
import { TrainingForm } from "./form.ts";
import { LabModels } from "./models/lab_models.ts";
import { TABLE_KEYS } from "./models/models_table.ts";
import { listRuns, Run } from "./run/run.ts";
import { findNearby, type Nearby } from "./nearby.ts";
import { LivePad } from "./live_pad/live_pad.ts";

/** Query field with the id of the run, so that a reload finds it again. */
const RUN_KEY = "run";
/** Query field with the id of the model that is analysed. */
const ANALYSIS_KEY = "analysis";

/** The state of the training page and what can be done there. Knows no DOM. */
export class TrainingPage {
  readonly form = new TrainingForm();
  readonly run: Run;
  readonly stored: StoredModels;
  readonly models: LabModels;
  readonly chart: ChartOptions;
  readonly analysis: Analysis;
  readonly livePad: LivePad;
  /** Whether the run was started elsewhere and found by this page. */
  readonly #isAdopted = signal(false);
  /** Set when the user starts a run, which is then scrolled into view; the view resets it. */
  readonly scrollsToRun = signal(false);
  /** Whether a training waits for deletions to reach the lab before it starts. */
  readonly #isAboutToStart = signal(false);
  readonly #connection: LabConnection;
  /** The model whose analysis this page opened by itself. */
  #autoAnalysed?: string;

  /** Whether a training can be started. An adopted run does not prevent it: the new one queues. */
  readonly canStart = computed(() =>
    this.form.config.value !== undefined && !this.#isAboutToStart.value &&
    (this.#isAdopted.value || !this.run.active.value)
  );

  /** The stored model closest to the settings; undefined where none is close or a setting is wrong. */
  readonly nearby = computed((): Nearby | undefined => {
    const config = this.form.config.value, records = this.stored.records.value;
    return config && records && findNearby(records, config);
  });

  /** The query of the address bar: settings, table, run and analysis. */
  readonly address = computed(() => {
    const query = new URLSearchParams(formatFormQuery(this.form.fullQuery.value));
    for (const [key, value] of Object.entries(this.models.table.query.value)) query.set(key, value);
    const id = this.run.id.value;
    // A reload finds a running adopted run by itself, but one to be resumed only by its id.
    const isNamed = !this.#isAdopted.value || this.run.resumable.value !== undefined;
    if (id !== undefined && isNamed) query.set(RUN_KEY, id);
    const analysed = this.analysis.id.value;
    if (analysed !== undefined && analysed !== this.run.result.value?.model_id) query.set(ANALYSIS_KEY, analysed);
    return query.toString();
  });

  /** Query of the drawing page for the model just trained; undefined before there is one. */
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
    // At first, and whenever a training has stored its model.
    effect(() => {
      this.run.result.value;
      this.stored.refresh();
    });
    effect(() => {
      const result = this.run.result.value;
      if (result === undefined) this.livePad.forgetFinalAnswer();
      else untracked(() => this.#showResult(result.model_id));
    });
  }

  /** Opens the analysis of the model just trained, unless the user has opened another one. */
  #showResult(id: string): void {
    void this.livePad.askFinishedModel();
    const open = this.analysis.id.value;
    if (open !== undefined && open !== this.#autoAnalysed) return;
    this.#autoAnalysed = id;
    void this.analysis.open(id);
  }

  /**
   * Reads the address and finds a run to follow: the one that the address names, else the newest one that has not ended.
   * If the address has no settings, the latest run is also shown when it can be resumed.
   */
  async open(search: string): Promise<void> {
    const query = parseFormQuery(search);
    this.form.read(query);
    this.form.complain(unknownInQuery(search, [RUN_KEY, ANALYSIS_KEY, ...TABLE_KEYS]));
    this.models.table.read(search);
    const analysed = new URLSearchParams(search).get(ANALYSIS_KEY);
    if (analysed !== null) void this.analysis.open(analysed);
    void fetchDatasetSize(this.#connection).then((size) => this.form.datasetSize.value = size);
    const named = new URLSearchParams(search).get(RUN_KEY);
    // An unreachable lab is reported when a training is started.
    const runs = await listRuns(this.#connection) ?? [];
    if (this.run.phase.value !== "idle") return;
    if (named !== null && runs.some((run) => run.id === named)) return this.run.follow(named);
    const isFresh = Object.keys(query).length === 0;
    const found = runs.find((run) => !FINISHED_STATES.includes(run.state)) ??
      (isFresh && runs[0]?.resume !== undefined ? runs[0] : undefined);
    if (found === undefined) return;
    this.#isAdopted.value = true;
    if (isFresh) this.form.set(found.config);
    this.run.follow(found.id);
  }

  /** Starts a training with the present settings. */
  start(): void {
    const config = this.form.config.value;
    if (config === undefined || !this.canStart.value) return;
    this.#takeOver();
    void this.#start(config);
  }

  /** Resumes the run that stopped. */
  resume(): void {
    this.#takeOver();
    this.run.resume();
  }

  /** Waits for deletions first, so that no model that has left the page counts as a duplicate. */
  async #start(config: TrainConfig): Promise<void> {
    if (this.models.deletions.isUnsettled) {
      this.#isAboutToStart.value = true;
      await this.models.deletions.settle();
      this.#isAboutToStart.value = false;
    }
    this.run.start(config);
  }

  #takeOver(): void {
    this.#isAdopted.value = false;
    this.scrollsToRun.value = true;
  }

  /** Trains the model of this run further with the same settings; the result is a new model. */
  trainFurther(): void {
    const config = this.run.config.value, result = this.run.result.value;
    if (config === undefined || result === undefined) return;
    this.#takeOver();
    // With another seed, so that the digits come in another order than before.
    this.run.start({ ...config, seed: undefined, start_from: result.model_id });
  }
}
