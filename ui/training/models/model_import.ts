import { signal } from "@preact/signals";
import type { ModelRecord } from "../../../protocol/mod.ts";
import { errorOf, type LabConnection } from "../../shared/wire/connection.ts";
import { describeModel, formatPercent } from "../../shared/text/format.ts";

/** What bringing a model in has come to. `exists`: one of its configuration is stored; it may be replaced. */
export type ImportState =
  | { phase: "idle" }
  | { phase: "sending"; fileName: string }
  | { phase: "exists"; fileName: string; existing: ModelRecord }
  | { phase: "done"; words: string }
  | { phase: "failed"; words: string };

const PATH = "/api/models";

/** Brings a file in that holds a model, one at a time. */
export class ModelImport {
  readonly state = signal<ImportState>({ phase: "idle" });
  #file?: File;

  /** `settled` resolves once the lab knows what the page has removed, which is then no duplicate any more. */
  constructor(
    private readonly connection: LabConnection,
    private readonly onStored: () => void,
    private readonly settled: () => Promise<void> = () => Promise.resolve(),
  ) {}

  async bringIn(file: File, { overwrite = false } = {}): Promise<void> {
    if (this.state.value.phase === "sending") return;
    this.#file = file;
    this.state.value = { phase: "sending", fileName: file.name };
    await this.settled();
    const form = new FormData();
    form.set("file", file, file.name);
    if (overwrite) form.set("overwrite", "true");
    const reply = await this.connection.upload(PATH, form).catch(() => undefined);
    if (reply === undefined) {
      this.state.value = { phase: "failed", words: "The lab could not be reached. Nothing was stored." };
    } else if (reply.status === 201) {
      const record = reply.body as ModelRecord;
      const words = `Stored: ${describeModel(record)}. It reads ${formatPercent(record.accuracy)} of the test digits.`;
      this.state.value = { phase: "done", words };
      this.onStored();
    } else if (reply.status === 409 && isConflict(reply.body)) {
      this.state.value = { phase: "exists", fileName: file.name, existing: reply.body.existing };
    } else {
      this.state.value = { phase: "failed", words: errorOf(reply) };
    }
  }

  /** Puts the file that was sent last in the place of the model that is stored. */
  async replace(): Promise<void> {
    if (this.state.value.phase === "exists") await this.bringIn(this.#file!, { overwrite: true });
  }

  dismiss(): void {
    if (this.state.value.phase !== "sending") this.state.value = { phase: "idle" };
  }
}

function isConflict(body: unknown): body is { existing: ModelRecord } {
  return typeof body === "object" && body !== null && "existing" in body;
}
