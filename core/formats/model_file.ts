/** Reads a model from a file of any format that can be imported. */
import { ModelFileError } from "./errors.ts";
import { readPth } from "./pth/reader.ts";
import { type RecognisedModel, recogniseModel } from "./recognise/recognise_model.ts";
import { type Metadata, readSafetensors } from "./safetensors.ts";

/** A model that was read from a file. */
export interface ModelFile extends RecognisedModel {
  /** The metadata of a safetensors file; empty for a `.pth`, which has none. */
  metadata: Metadata;
}

/** Offset of the JSON header of a safetensors file, which begins with a brace. */
const HEADER_AT = 8;

/**
 * The model in a `.pth` (a state dict of PyTorch 1.6 or newer) or a `.safetensors`, distinguished by their first bytes. Layers
 * are recognised by order and shape; their names do not matter.
 *
 * @throws {ModelFileError} that says what is wrong, where, and what was expected
 */
export function readModelFile(bytes: Uint8Array): ModelFile {
  const { tensors, metadata } = readTensors(bytes);
  return { ...recogniseModel(tensors), metadata };
}

function readTensors(bytes: Uint8Array): ReturnType<typeof readSafetensors> {
  const startsWith = (text: string, at = 0) => [...text].every((char, i) => bytes[at + i] === char.charCodeAt(0));
  if (startsWith("PK")) return { tensors: readPth(bytes), metadata: {} };
  if (startsWith("{", HEADER_AT)) return readSafetensors(bytes);
  // Before 1.6 a .pth was a bare pickle. The reader explains that, and that a file is empty.
  if (bytes.length === 0 || startsWith("\x80")) return { tensors: readPth(bytes), metadata: {} };
  throw new ModelFileError(
    "the file is neither a .pth of PyTorch 1.6 or newer nor a .safetensors; save the model with " +
      "torch.save(model.state_dict(), path)",
  );
}
