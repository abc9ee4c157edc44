/**
 * PyTorch's file of a state dict: a zip of a pickle (`data.pkl`, which names tensors and their shapes) and of one record
 * of raw numbers for each storage (`data/0`, `data/1`, …).
 */
export { CheckpointError } from "./errors.ts";
export { readPth } from "./pth_reader.ts";
export { writePth } from "./pth_writer.ts";
