/** Reads a model from a file of any format that can be imported. */
import { ModelFileError, quote } from "./errors.ts";
import { readStateDicts } from "./pth/reader.ts";
import { type RecognisedModel, recogniseModel } from "./recognise/recognise_model.ts";
import { type Metadata, readSafetensors } from "./safetensors.ts";

/** A possible reading of a file as a model. */
export interface FoundModel extends RecognisedModel {
  /** The keys that lead to its state dict, joined by dots, if the file holds more than the state dict. */
  path: string;
}

/** The result of reading a file. */
export interface ModelFile {
  /**
   * At least one, the most likely first. There are several if the file leaves the order of layers open or holds several
   * models.
   */
  candidates: FoundModel[];
  /** The metadata of a safetensors file; empty for a `.pth`, which has none. */
  metadata: Metadata;
}

/** Number of state dicts to look at: models are among the first, and a hostile file may hold a great many. */
const MAX_STATE_DICTS = 16;
/** All orders of six equal layers. */
const MAX_CANDIDATES = 720;

/** Offset of the JSON header of a safetensors file, which begins with a brace. */
const HEADER_AT = 8;

/**
 * The model in a `.pth` (a state dict of PyTorch 1.6 or newer, whatever else the file holds) or a `.safetensors`,
 * distinguished by their first bytes. Layers are recognised by order and shape; their names matter only if those leave
 * a choice.
 *
 * @throws {ModelFileError} that says what is wrong, where, and what was expected
 */
export function readModelFile(bytes: Uint8Array): ModelFile {
  if (!isPth(bytes)) {
    const { tensors, metadata } = readSafetensors(bytes);
    return { candidates: recogniseModel(tensors).map((model) => ({ ...model, path: "" })), metadata };
  }
  const candidates: FoundModel[] = [];
  let failure: unknown, looked = 0;
  for (const { path, tensors } of readStateDicts(bytes)) {
    try {
      candidates.push(...recogniseModel(tensors).map((model) => ({ ...model, path })));
    } catch (error) {
      if (!(error instanceof ModelFileError)) throw error;
      failure ??= path === "" ? error : new ModelFileError(`in ${quote(path)}: ${error.message}`);
    }
    if (++looked === MAX_STATE_DICTS || candidates.length >= MAX_CANDIDATES) break;
  }
  if (candidates.length === 0) throw failure;
  return { candidates: candidates.slice(0, MAX_CANDIDATES), metadata: {} };
}

function isPth(bytes: Uint8Array): boolean {
  const startsWith = (text: string, at = 0) => [...text].every((char, i) => bytes[at + i] === char.charCodeAt(0));
  if (startsWith("PK")) return true;
  if (startsWith("{", HEADER_AT)) return false;
  // Before 1.6 a .pth was a bare pickle. The reader reports that, and an empty file.
  if (bytes.length === 0 || startsWith("\x80")) return true;
  throw new ModelFileError(
    "the file is neither a .pth of PyTorch 1.6 or newer nor a .safetensors; save the model with " +
      "torch.save(model.state_dict(), path)",
  );
}
