import { signal } from "@preact/signals";
import * as v from "valibot";
import {
  assumedIn,
  assumedValue,
  DEFAULT_CONFIG,
  describeSetting,
  type FieldName,
  fieldOf,
  isKnown,
  isOfNetwork,
  type ModelRecord,
  PAST_FIELDS,
  readValue,
  showValue,
} from "../../../protocol/mod.ts";
import { TypedText } from "../../shared/form/model_form.ts";
import { describeModel, formatPercent } from "../../shared/text/format.ts";
import { errorOf, type LabConnection } from "../../shared/wire/connection.ts";

/** The state of an import. `exists`: a model with the same configuration is stored and may be replaced. */
export type ImportState =
  | { phase: "idle" }
  | { phase: "sending"; fileName: string }
  | { phase: "exists"; fileName: string; existing: ModelRecord }
  | { phase: "done"; words: string }
  | { phase: "failed"; words: string };

const PATH = "/api/models";

/** Descriptions of files that users may expect to import, by the endings of their names. */
const OTHER_FORMATS: Readonly<Record<string, string>> = {
  onnx: "an ONNX file, which this lab writes but cannot read",
  h5: "a Keras file",
  keras: "a Keras file",
  tflite: "a TensorFlow Lite file",
  pb: "a TensorFlow file",
};

/** Imports model files, one at a time. Needs no DOM. */
export class ModelImport {
  readonly state = signal<ImportState>({ phase: "idle" });
  /** How the next model was trained, as far as the user says; empty text means unknown. */
  readonly past: { readonly [Name in FieldName]?: TypedText<unknown> } = Object.fromEntries(
    PAST_FIELDS.map((name) => [name, openPastField(name)]),
  );
  readonly #connection: LabConnection;
  readonly #onStored: () => void;
  readonly #settleDeletions: () => Promise<void>;
  /** The file sent last. */
  #file?: File;

  /**
   * `onStored` is called when a model has been stored. `settleDeletions` is awaited before a file is sent, so that a
   * model just deleted on the page does not count as a duplicate.
   */
  constructor(
    connection: LabConnection,
    onStored: () => void,
    settleDeletions: () => Promise<void> = () => Promise.resolve(),
  ) {
    this.#connection = connection;
    this.#onStored = onStored;
    this.#settleDeletions = settleDeletions;
  }

  /** Sends a model file to the lab, unless another one is being sent. */
  async start(file: File, { overwrite = false } = {}): Promise<void> {
    if (this.state.value.phase === "sending") return;
    const other = OTHER_FORMATS[/[^.]*$/.exec(file.name.toLowerCase())![0]];
    if (other !== undefined) {
      const words = `${file.name} cannot be imported: it is ${other}. Import the same model as .pth or .safetensors.`;
      this.state.value = { phase: "failed", words };
      return;
    }
    this.#file = file;
    this.state.value = { phase: "sending", fileName: file.name };
    await this.#settleDeletions();
    const form = new FormData();
    form.set("file", file, file.name);
    for (const [name, { text }] of Object.entries(this.past)) {
      if (text.value.trim() !== "") form.set(name, text.value.trim());
    }
    if (overwrite) form.set("overwrite", "true");
    const reply = await this.#connection.upload(PATH, form).catch(() => undefined);
    if (reply === undefined) {
      this.state.value = { phase: "failed", words: "The lab could not be reached. Nothing was stored." };
    } else if (reply.status === 201) {
      const record = reply.body as ModelRecord;
      const words = `Imported: ${describeModel(record)}. ` +
        `It recognises ${formatPercent(record.accuracy)} of the test digits.${describeAssumptions(record)}${
          describePast(record)
        }`;
      this.state.value = { phase: "done", words };
      // The next file has its own past.
      for (const { text } of Object.values(this.past)) text.value = "";
      this.#onStored();
    } else if (reply.status === 409 && isConflict(reply.body)) {
      this.state.value = { phase: "exists", fileName: file.name, existing: reply.body.existing };
    } else {
      this.state.value = { phase: "failed", words: errorOf(reply) };
    }
  }

  /** Replaces the stored model with the file that was sent last. */
  async replace(): Promise<void> {
    if (this.state.value.phase === "exists") await this.start(this.#file!, { overwrite: true });
  }

  /** Forgets the last import; a stored model is kept. */
  dismiss(): void {
    if (this.state.value.phase !== "sending") this.state.value = { phase: "idle" };
  }
}

/** Sentences about what the lab had to assume to read the file. */
function describeAssumptions(record: ModelRecord): string {
  const { assumed_order: order, assumed_state_dict: stateDict } = record;
  const assumed: string[] = [];
  if (Array.isArray(order)) {
    assumed.push(
      ` The file does not say in which order its layers come: assumed ${order.join(" → ")}, which recognises most.`,
    );
  }
  if (typeof stateDict === "string") {
    assumed.push(` The file holds several models: took “${stateDict}”, which recognises most.`);
  }
  if (!isKnown(record, "activation")) {
    const name = showValue(assumedValue("activation"));
    assumed.push(
      ` The file does not say its activation: assumed ${name}. If it has another, import it again with that.`,
    );
  }
  return assumed.join("");
}

function isConflict(body: unknown): body is { existing: ModelRecord } {
  return typeof body === "object" && body !== null && "existing" in body;
}

function openPastField(name: FieldName): TypedText<unknown> {
  const { kind, schema } = fieldOf(name);
  return new TypedText<unknown>(
    "",
    (text) => text.trim() === "" ? undefined : readValue(kind, text),
    v.optional(schema),
  );
}

/** Says which settings find a model whose past is unknown. */
function describePast(record: ModelRecord): string {
  const assumed = PAST_FIELDS.filter((name) => !isOfNetwork(name) && assumedIn(record).includes(name));
  if (assumed.length === 0) return "";
  const defaults = assumed.map((name) => describeSetting(DEFAULT_CONFIG, name)).join(", ");
  return ` The drawing page finds it by ${defaults}, unless another model was trained like that.`;
}
