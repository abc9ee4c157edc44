import type { HistoryMessage } from "../../protocol/mod.ts";

const HEADER = "step,epoch,loss,mean_loss,test_accuracy,seconds";

/**
 * The history of a run as a table: a row for each loss that is kept and for the end of each epoch, where its mean loss, the
 * accuracy in per cent and the seconds trained so far stand too. What is unknown, or no number any more, is empty.
 */
export function historyCsv({ run, losses, logs }: HistoryMessage): string {
  const stepsPerEpoch = run.total_steps / run.config.num_epochs;
  const rows = new Map<number, { loss?: number | null; end?: (typeof logs)[number] }>();
  for (const [step, loss] of losses) rows.set(step, { loss });
  for (const end of logs) {
    if (end.epoch === undefined) continue;
    const step = Math.round(end.epoch * stepsPerEpoch);
    rows.set(step, { ...rows.get(step), end });
  }
  const lines = [...rows].sort(([a], [b]) => a - b).map(([step, { loss, end }]) => {
    const epoch = Math.max(1, Math.ceil(step / stepsPerEpoch));
    return [step, epoch, loss, end?.mean_loss, end?.accuracy, end?.seconds].map((value) => value ?? "").join(",");
  });
  return [HEADER, ...lines, ""].join("\r\n");
}
