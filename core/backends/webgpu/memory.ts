/** Where everything of a session lies in its two buffers. */
import { constantValue, type Tensor } from "../../graph.ts";
import { aligned, type Schedule } from "../../schedule.ts";
import { BYTES, bytesOf, sizeOf, type TensorType } from "../../shape.ts";
import type { Locate } from "./shader.ts";

export interface MemoryPlan {
  readonly memoryBytes: number;
  readonly byteBytes: number;
  /** A state's buffer and its byte offset there. */
  stateAt(name: string): { buffer: "memory" | "bytes"; offset: number };
  /** Where, in `memory`, the present step's inputs lie: `rowBytes` from `rowAt`. */
  readonly rowAt: number;
  readonly rowBytes: number;
  /** Constants to be written once, with their byte offsets. */
  readonly constants: readonly { at: number; values: Float32Array<ArrayBuffer> }[];
  locate(schedule: Schedule): Locate;
}

export function planMemory(types: ReadonlyMap<string, TensorType>, schedules: readonly Schedule[]): MemoryPlan {
  const end = { memory: 0, bytes: 0 };
  const take = (buffer: "memory" | "bytes", bytes: number) => {
    const at = end[buffer];
    end[buffer] += aligned(bytes);
    return at;
  };
  const states = new Map([...types].map(([name, type]) => {
    const buffer = type.dtype === "u8" ? "bytes" as const : "memory" as const;
    return [name, { buffer, offset: take(buffer, bytesOf(type)) }];
  }));
  const constants = schedules.flatMap((schedule) => schedule.constants).map((node) => {
    const value = constantValue(node)!;
    return { node, at: take("memory", bytesOf(node)), values: new Float32Array(sizeOf(node.shape)).fill(value) };
  });
  const constantAt = new Map(constants.map(({ node, at }) => [node, at]));
  const rowBytes = Math.max(0, ...schedules.map(({ perStep }) => 4 * perStep.length));
  const rowAt = take("memory", rowBytes);
  const arena = take("memory", Math.max(0, ...schedules.map(({ arenaBytes }) => arenaBytes)));
  return {
    memoryBytes: end.memory,
    byteBytes: end.bytes,
    stateAt: (name) => states.get(name)!,
    rowAt,
    rowBytes,
    constants,
    locate: (schedule) => (node: Tensor) => {
      const place = schedule.locationOf(node);
      if (place.kind === "state") {
        const { buffer, offset } = states.get(place.name)!;
        return { buffer, offset: offset / BYTES[types.get(place.name)!.dtype] };
      }
      if (place.kind === "perStep") return { buffer: "memory", offset: rowAt / 4 + place.slot };
      const at = place.kind === "arena" ? arena + place.offset : constantAt.get(node)!;
      return { buffer: "memory", offset: at / 4 };
    },
  };
}
