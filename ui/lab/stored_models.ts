import { signal } from "@preact/signals";
import type { ModelRecord } from "../../protocol/mod.ts";
import type { LabConnection } from "./connection.ts";

/** The stored models as this page last saw them; undefined until the service has told. */
export class StoredModels {
  readonly records = signal<readonly ModelRecord[] | undefined>(undefined);
  #asked = 0;
  #heard = 0;

  constructor(private readonly connection: LabConnection) {}

  /** Asks anew. While the service does not answer, what was known stays. */
  async refresh(): Promise<void> {
    const number = ++this.#asked;
    const reply = await this.connection.request("/api/models").catch(() => undefined);
    if (reply?.status !== 200 || number < this.#heard) return;
    this.#heard = number;
    this.records.value = reply.body as ModelRecord[];
  }

  /** Leaves out models that are known to be gone. What was asked before, and comes later, does not know it yet. */
  forget(ids: readonly string[]): void {
    if (ids.length === 0) return;
    this.#heard = ++this.#asked;
    this.records.value = this.records.value?.filter(({ id }) => !ids.includes(id));
  }
}
