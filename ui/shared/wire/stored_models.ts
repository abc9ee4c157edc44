import { signal } from "@preact/signals";
import type { ModelRecord } from "../../../protocol/mod.ts";
import type { LabConnection } from "./connection.ts";

/** The stored models as this page last saw them; undefined until the service has told. */
export class StoredModels {
  readonly records = signal<readonly ModelRecord[] | undefined>(undefined);
  #asked = 0;
  #heard = 0;
  /** Models known to be gone, each with the last request that may not know it yet. */
  readonly #gone = new Map<string, number>();

  constructor(private readonly connection: LabConnection) {}

  /** Asks anew. While the service does not answer, what was known stays. */
  async refresh(): Promise<void> {
    const number = ++this.#asked;
    const reply = await this.connection.request("/api/models").catch(() => undefined);
    if (reply?.status !== 200 || number < this.#heard) return;
    this.#heard = number;
    const records = reply.body as ModelRecord[];
    this.records.value = records.filter(({ id }) => number > (this.#gone.get(id) ?? 0));
  }

  /** Leaves out models that are known to be gone, also from what was asked before and does not know it yet. */
  forget(ids: readonly string[]): void {
    for (const id of ids) this.#gone.set(id, this.#asked);
    this.records.value = this.records.value?.filter(({ id }) => !ids.includes(id));
  }
}
