import type { ModelRecord } from "../../../protocol/mod.ts";
import { Menu } from "../../shared/components/menu.tsx";
import { describeModel } from "../../shared/text/format.ts";

const FILES = [
  { file: "model.pth", label: "PyTorch", title: "State dict, for torch.load (.pth)" },
  { file: "model.safetensors", label: "safetensors", title: "Weights with their configuration (.safetensors)" },
  { file: "model.onnx", label: "ONNX", title: "The whole network, for ONNX runtimes (.onnx)" },
] as const;

/** What else can be done with one stored model. */
export function ModelMenu({ record, onUse, onLookInto, onRemove }: {
  record: ModelRecord;
  onUse: () => void;
  onLookInto: () => void;
  onRemove: () => void;
}) {
  const path = `/api/models/${encodeURIComponent(record.id)}/`;
  const name = describeModel(record);
  return (
    <Menu text="More" label={`More about ${name}`}>
      <button type="button" onClick={onLookInto}>Analysis</button>
      <button type="button" onClick={onUse}>Use these settings</button>
      {FILES.map(({ file, label, title }) => (
        <a key={file} href={path + file} download title={title} aria-label={`Download as ${label}: ${name}`}>
          Download as {label}
        </a>
      ))}
      <button type="button" class="danger" onClick={onRemove}>Delete</button>
    </Menu>
  );
}
