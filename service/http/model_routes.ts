import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Context, Hono } from "hono";
import { onnxLength, writeOnnx } from "../../core/formats/onnx/writer.ts";
import { safetensorsLength, writeSafetensors } from "../../core/formats/safetensors.ts";
import { type NamedTensor, parameterSpecs } from "../../core/models/spec.ts";
import { type ModelRecord, quote, recordVersion } from "../../protocol/mod.ts";
import { type Registry, RegistryError, specOf } from "../../lab/models/mod.ts";
import { HttpError } from "./errors.ts";
import { type Body, DownloadCount, type ExportRequest, Exports, piecesOf } from "./exports.ts";
import { clientAddress, pathId } from "./request.ts";

const compress = promisify(gzip);

/** The parts of the registry that these routes need. */
export type ModelFiles = Pick<Registry, "list" | "get" | "readWeights" | "openPth" | "pthVersion">;

/**
 * Adds `GET /api/models` (records, newest first), `GET /api/models/{id}`, `…/model.pth` (the file as it is stored),
 * `…/model.safetensors` (weights and record in one file) and `…/model.onnx` (the network, its weights and the record).
 * A model that cannot be read gives a 409 that says why.
 */
export function addModelRoutes(app: Hono, models: ModelFiles, exports = new Exports()): void {
  const encode = listEncoder();
  const files = new DownloadCount();
  app.get("/api/models", async (c) => {
    const { plain, zipped } = encode(await models.list());
    const takesGzip = /\bgzip\b/i.test(c.req.header("accept-encoding") ?? "");
    const bytes = takesGzip ? await zipped() : plain;
    c.header("Vary", "Accept-Encoding");
    if (takesGzip) c.header("Content-Encoding", "gzip");
    // Shared by all clients that read it, however slowly.
    return c.body(piecesOf(bytes), 200, { "Content-Type": "application/json", "Content-Length": `${bytes.length}` });
  });
  app.get("/api/models/:id", async (c) => c.json(await find(c)));
  app.get("/api/models/:id/model.pth", async (c) => {
    const record = await find(c);
    return await download(c, record, "pth", () =>
      files.during(clientAddress(c), async () => {
        const { stream, size } = await models.openPth(record);
        return { content: stream, length: size };
      }), async () => {
      const { stream, size } = await models.openPth(record);
      await stream.cancel();
      return size;
    });
  });
  app.get("/api/models/:id/model.safetensors", async (c) => {
    const record = await find(c);
    const write = async () => writeSafetensors(await models.readWeights(record), textsOf(record));
    const length = () => safetensorsLength(blankWeights(record), textsOf(record));
    return await download(c, record, "safetensors", (request) => exports.send(bytesOf(record), write, request), length);
  });
  app.get("/api/models/:id/model.onnx", async (c) => {
    const record = await find(c);
    const write = async () => writeOnnx(specOf(record), await models.readWeights(record), textsOf(record));
    const length = () => onnxLength(specOf(record), blankWeights(record), textsOf(record));
    return await download(c, record, "onnx", (request) => exports.send(bytesOf(record), write, request), length);
  });

  async function find(c: Context): Promise<ModelRecord> {
    const id = pathId(c, "model");
    const record = await models.get(id);
    if (record === undefined) throw new HttpError(404, `There is no model ${quote(id)}.`);
    return record;
  }

  async function download(
    c: Context,
    record: ModelRecord,
    extension: string,
    open: (request: ExportRequest) => Promise<Body>,
    lengthOf: () => Promise<number> | number,
  ): Promise<Response> {
    try {
      // Computed before the file is read: if it changes in between, the browser asks once too often rather than once
      // too seldom.
      const etag = await etagOf(record, await models.pthVersion(record));
      const mark = { "ETag": etag, "Cache-Control": "no-cache" };
      if (c.req.header("if-none-match") === etag) return c.body(null, 304, mark);
      const headers = {
        ...mark,
        "Content-Type": "application/octet-stream",
        // An id from another program's metadata may have characters that a header cannot.
        "Content-Disposition": `attachment; filename="${record.id.replaceAll(/[^\w.-]/g, "_")}.${extension}"`,
      };
      // After HEAD nobody would read the file to its end and thereby close it.
      if (c.req.method === "HEAD") return c.body(null, 200, { ...headers, "Content-Length": `${await lengthOf()}` });
      const key = `${record.id} ${extension} ${etag}`;
      const { content, length } = await open({ key, client: clientAddress(c) });
      return c.body(content, 200, { ...headers, "Content-Length": `${length}` });
    } catch (error) {
      if (error instanceof RegistryError) throw new HttpError(409, error.message);
      throw error;
    }
  }
}

/** Approximate length of a file with a model's weights: four bytes per weight. */
function bytesOf(record: ModelRecord): number {
  const sizes = parameterSpecs(specOf(record)).map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  return 4 * sizes.reduce((sum, size) => sum + size, 0);
}

/** Parameters of the shapes of a model's, all in the same memory: enough to tell the length of its files. */
function blankWeights(record: ModelRecord): NamedTensor[] {
  const specs = parameterSpecs(specOf(record)), sizes = specs.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  const zeros = new Float32Array(Math.max(...sizes));
  return specs.map(({ name, shape }, i) => ({ name, shape, data: zeros.subarray(0, sizes[i]) }));
}

/** A list as JSON, also gzipped for clients that accept it. */
interface EncodedList {
  plain: Uint8Array<ArrayBuffer>;
  zipped(): Promise<Uint8Array<ArrayBuffer>>;
}

/** Encodes lists of records as JSON. Unchanged lists and records are not encoded again. */
function listEncoder(): (records: readonly ModelRecord[]) => EncodedList {
  const texts = new WeakMap<ModelRecord, string>();
  const textOf = (record: ModelRecord) => {
    let text = texts.get(record);
    if (text === undefined) texts.set(record, text = JSON.stringify(record));
    return text;
  };
  let last: readonly ModelRecord[] = [], list = encodedList("[]");
  return (records) => {
    const isSame = records.length === last.length && records.every((record, i) => record === last[i]);
    if (!isSame) {
      list = encodedList(`[${records.map(textOf).join(",")}]`);
      last = [...records];
    }
    return list;
  };
}

function encodedList(text: string): EncodedList {
  const plain = new TextEncoder().encode(text);
  let zipped: Promise<Uint8Array<ArrayBuffer>> | undefined;
  return { plain, zipped: () => zipped ??= compress(plain).then((bytes) => new Uint8Array(bytes)) };
}

/** An ETag that depends on record and file, because other programs may rewrite either under the same id. */
async function etagOf(record: ModelRecord, pthVersion: string): Promise<string> {
  const state = new TextEncoder().encode(`${recordVersion(record)} ${pthVersion}`);
  return `"${new Uint8Array(await crypto.subtle.digest("SHA-256", state)).toHex()}"`;
}

/** The fields of a record as texts, for the metadata of model files: strings as they are, others as JSON. */
export function textsOf(record: ModelRecord): Record<string, string> {
  const fields = Object.entries(record).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    fields.map(([field, value]) => [field, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}
