import { computed, effect, signal, untracked } from "@preact/signals";
import {
  findMatch,
  findNearest,
  FINISHED_STATES,
  formatFormQuery,
  type FormQuery,
  isDuplicate,
  isStoredDuplicate,
  type ModelRecord,
  parseFormQuery,
  type RunSummary,
  type TrainConfig,
  unknownInQuery,
} from "../../protocol/mod.ts";
import { ChartOptions } from "../shared/charts/chart_options.ts";
import type { LabConnection } from "../shared/wire/connection.ts";
import { fetchDatasetSize } from "../shared/wire/dataset_size.ts";
import { queryOf } from "../shared/form/model_form.ts";
import { forVisit, type Preferences } from "../shared/wire/preferences.ts";
import { StoredModels, StoredWeights } from "../shared/wire/stored_models.ts";
import { Analysis } from "./analysis/analysis.ts";
import { TrainingForm } from "./form.ts";
import { LabModels, TABLE_KEYS } from "./models/models_table.ts";
import { listRuns, OtherRuns, Run } from "./run/run.ts";
import { findNearby, type Nearby } from "./nearby.tsx";
import { LivePad } from "./live_pad/live_pad.ts";

/** Query field with the id of the run, so that a reload finds it again. */
const RUN_KEY = "run";
/** Query field with the id of the analysed model. */
const ANALYSIS_KEY = "analysis";

/** State and behaviour of the training page, without a DOM. */
export class TrainingPage {
  readonly form = new TrainingForm();
  readonly run: Run;
  readonly others: OtherRuns;
  readonly stored: StoredModels;
  readonly models: LabModels;
  readonly chart: ChartOptions;
  readonly analysis: Analysis;
  readonly livePad: LivePad;
  /** Whether the run was started elsewhere and found by this page. */
  readonly #isAdopted = signal(false);
  /** Set when the user starts a run, which is then scrolled into view; the view resets it. */
  readonly scrollsToRun = signal(false);
  /** Whether a training run waits for deletions to reach the lab before it starts. */
  readonly #isAboutToStart = signal(false);
  readonly #connection: LabConnection;
  /** The model whose analysis the page opened on its own. */
  #autoAnalysed?: string;

  /** Whether a training run can be started. While another one trains, it queues. */
  readonly canStart = computed(() => {
    const config = this.form.config.value;
    if (config === undefined || this.#isAboutToStart.value) return false;
    if (!this.run.active.value || this.#isAdopted.value) return true;
    // The lab must know the previous run, and a second press must not train the same configuration twice.
    return this.run.phase.value !== "asking" && this.run.id.value !== undefined && !this.trainsThis.value;
  });

  /** Whether the run that the page shows trains, or will train, exactly these settings. */
  readonly trainsThis = computed(() => {
    const config = this.form.config.value, present = this.run.config.value;
    if (config === undefined || present === undefined || !this.run.active.value) return false;
    return isDuplicate(config, present) && (config.seed ?? present.seed) === present.seed;
  });

  /** The stored model closest to the settings; undefined if none is close or a setting is invalid. */
  readonly nearby = computed((): Nearby | undefined => {
    const config = this.form.config.value, records = this.stored.records.value;
    return config && records && findNearby(records, config);
  });

  /** The query of the address bar: settings, table, run and analysis. */
  readonly address = computed(() => {
    const query = new URLSearchParams(formatFormQuery(this.form.fullQuery.value));
    for (const [key, value] of Object.entries(this.models.table.query.value)) query.set(key, value);
    const id = this.run.id.value;
    // A reload finds an adopted run that is in progress without its id, but a run to resume only by its id.
    const isNamed = !this.#isAdopted.value || this.run.resumable.value !== undefined;
    if (id !== undefined && isNamed) query.set(RUN_KEY, id);
    const analysed = this.analysis.id.value;
    if (analysed !== undefined && analysed !== this.run.result.value?.model_id) query.set(ANALYSIS_KEY, analysed);
    return query.toString();
  });

  /** The stored model that was kept instead of training. */
  readonly kept = computed((): ModelRecord | undefined => {
    const config = this.run.config.value;
    if (this.run.phase.value !== "kept" || config === undefined) return undefined;
    return this.stored.records.value?.find((record) => isStoredDuplicate(record, config));
  });

  /** Changes less often than `kept`, which is a new object whenever the models are listed. */
  readonly #keptId = computed(() => this.kept.value?.id);

  /** The models that the runs of this page have stored. */
  readonly #trained = computed(() => {
    const results = [this.run, ...this.others.list.value].map(({ result }) => result.value?.model_id);
    return results.filter(Boolean).sort().join();
  });

  /** Query of the drawing page for the model just trained or kept; undefined before there is one. */
  readonly testQuery = computed((): FormQuery | undefined => {
    if (this.kept.value !== undefined) return queryOf(this.kept.value);
    const config = this.run.config.value, result = this.run.result.value;
    if (config === undefined || result === undefined) return undefined;
    // The record of a model that was trained further counts all its epochs.
    const record = this.stored.records.value?.find(({ id }) => id === result.model_id);
    return record === undefined ? { ...queryOf(config), model_id: result.model_id } : queryOf(record);
  });

  /** Query of the drawing page: these settings or, while no model has them yet, those of the nearest model. */
  readonly drawingQuery = computed((): FormQuery => {
    const params = this.form.params.value, records = this.stored.records.value;
    if (!this.run.active.value || !params || !records || findMatch(records, params)) return this.form.query.value;
    const nearest = findNearest(records, params);
    return nearest ? queryOf(nearest.model) : this.form.query.value;
  });

  constructor(connection: LabConnection, preferences: Preferences = forVisit()) {
    this.#connection = connection;
    this.chart = new ChartOptions(preferences);
    this.run = new Run(connection);
    this.others = new OtherRuns(connection);
    this.stored = new StoredModels(connection);
    this.models = new LabModels(connection, this.stored);
    const weights = new StoredWeights(connection);
    this.analysis = new Analysis(connection, weights);
    this.livePad = new LivePad(this.run, weights);
    // Runs at first, and whenever a training run has stored its model.
    effect(() => {
      void this.#trained.value;
      void this.stored.refresh();
    });
    effect(() => {
      const result = this.run.result.value;
      if (result === undefined) this.livePad.forgetFinalAnswer();
      untracked(() => result === undefined ? this.#hideAnalysis() : this.#showResult(result.model_id));
    });
    effect(() => {
      if (this.#keptId.value !== undefined) untracked(() => this.#showKept(this.kept.value!));
    });
  }

  /** Shows the answer of the model just trained, and its analysis unless the user has opened another one. */
  #showResult(id: string): void {
    void this.livePad.askFinishedModel();
    this.#analyse(id);
  }

  /** Shows the history and analysis of the model that was kept. */
  #showKept({ id, run_id }: ModelRecord): void {
    if (typeof run_id === "string") this.others.keep(run_id);
    this.#analyse(id);
  }

  /** Closes the analysis that the page opened on its own, because it is about the previous run. */
  #hideAnalysis(): void {
    if (this.analysis.id.value === this.#autoAnalysed) this.analysis.close();
  }

  #analyse(id: string): void {
    const open = this.analysis.id.value;
    if (open !== undefined && open !== this.#autoAnalysed) return;
    this.#autoAnalysed = id;
    void this.analysis.open(id);
  }

  /**
   * Reads the address and finds a run to follow: the run that the address names, or else the newest run that has not
   * ended. If the address has no settings, the latest run is shown if it can be resumed.
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
    // An unreachable lab is reported when a training run is started.
    const runs = await listRuns(this.#connection) ?? [];
    if (this.run.phase.value === "idle") this.#follow(runs, named, Object.keys(query).length === 0);
    this.#followOthers(runs);
  }

  #follow(runs: readonly RunSummary[], named: string | null, isFresh: boolean): void {
    if (named !== null && runs.some((run) => run.id === named)) return this.run.follow(named);
    const found = unfinished(runs)[0] ?? (isFresh && runs[0]?.resume !== undefined ? runs[0] : undefined);
    if (found === undefined) return;
    this.#isAdopted.value = true;
    if (isFresh) this.form.set(found.config);
    this.run.follow(found.id);
  }

  /** Follows the lab's unfinished runs, and the run whose model the current one trains further. */
  #followOthers(runs: readonly RunSummary[]): void {
    const start = runs.find(({ id }) => id === this.run.id.value)?.config.start_from;
    const base = start == null ? undefined : runs.find(({ model_id }) => model_id === start);
    if (base !== undefined && !this.others.isKept(base.id)) this.others.keep(base.id);
    for (const { id } of unfinished(runs)) if (id !== this.run.id.value) this.others.add(id);
  }

  /** Looks for models and runs that other pages and programs have stored or started meanwhile. */
  async lookAround(): Promise<void> {
    void this.stored.refresh();
    this.#followOthers(await listRuns(this.#connection) ?? []);
  }

  /** Shows another run instead of the current one. */
  show({ id: { value: id } }: Run): void {
    if (id === undefined) return;
    this.#setAside();
    this.others.remove(id);
    this.#isAdopted.value = false;
    this.run.follow(id);
  }

  /** Starts a training run with the current settings. */
  start(): void {
    const config = this.form.config.value;
    if (config === undefined || !this.canStart.value) return;
    void this.#start(config);
  }

  /** Trains again with the settings of the kept model, which the result then replaces. */
  trainAgain(): void {
    const config = this.run.config.value;
    if (config !== undefined) void this.#start(config, true);
  }

  /** Resumes the run that stopped. */
  resume(): void {
    this.#isAdopted.value = false;
    this.scrollsToRun.value = true;
    this.run.resume();
  }

  /** Waits for deletions first, so that a model deleted on the page does not count as a duplicate. */
  async #start(config: TrainConfig, overwrites = false): Promise<void> {
    this.scrollsToRun.value = true;
    if (this.models.deletions.isUnsettled) {
      this.#isAboutToStart.value = true;
      await this.models.deletions.settle();
      this.#isAboutToStart.value = false;
    }
    this.#setAside();
    this.#isAdopted.value = false;
    this.run.start(config, overwrites);
  }

  /** Keeps the current run available, with its curve. */
  #setAside(): void {
    const { id, active, result } = this.run;
    if (id.value !== undefined && (active.value || result.value)) this.others.keep(id.value);
  }

  /** Trains the model of this run further with the same settings; the result is a new model. */
  trainFurther(): void {
    const config = this.run.config.value, result = this.run.result.value;
    if (config === undefined || result === undefined) return;
    // Without the seed, so that the digits come in a new order.
    void this.#start({ ...config, seed: undefined, start_from: result.model_id });
  }
}

/** The unfinished runs among `runs`, those from this address first, then the one that trains. */
function unfinished(runs: readonly RunSummary[]): RunSummary[] {
  const rank = ({ yours, state }: RunSummary) => 2 * Number(yours ?? false) + Number(state === "running");
  return runs.filter(({ state }) => !FINISHED_STATES.includes(state)).sort((a, b) => rank(b) - rank(a));
}
