/** Number of digits that the lab trains and tests on. The dataset may be smaller than MNIST. */
import type { DatasetInfo } from "../../../protocol/mod.ts";
import { formatCount } from "../text/format.ts";
import type { LabRequests } from "./connection.ts";

/** Numbers of pictures. */
export type DatasetSize = Pick<DatasetInfo, "train" | "test">;

/** Asks the service; undefined while it cannot be reached or has no digits. */
export async function fetchDatasetSize(connection: LabRequests): Promise<DatasetSize | undefined> {
  const reply = await connection.request("/api/datasets").catch(() => undefined);
  if (reply?.status !== 200 || !Array.isArray(reply.body)) return undefined;
  return (reply.body as DatasetInfo[])[0];
}

/** `the 60,000 training digits`, or `the training digits` while their number is unknown. */
export function trainingDigits(size: DatasetSize | undefined): string {
  return `the ${size ? `${formatCount(size.train)} ` : ""}training digits`;
}

/** `the 10,000 test digits`, or `the test digits` while their number is unknown. */
export function testDigits(size: DatasetSize | undefined): string {
  return `the ${size ? `${formatCount(size.test)} ` : ""}test digits`;
}
