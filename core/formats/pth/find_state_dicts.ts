/** Finds the state dicts among everything else that a training script saves. */
import { quote } from "../errors.ts";
import { Opaque, Tuple } from "./pickle_reader.ts";
import type { StridedView } from "./storage.ts";

/** A tensor of floats in a pickle. */
export class TensorRef {
  constructor(readonly view: StridedView) {}
}

/** A mapping of names to tensors. */
export interface FoundStateDict {
  /** Keys that lead to it, joined by dots; empty for the outermost. */
  path: string;
  views: { name: string; view: StridedView }[];
}

/** Keys under which training scripts store the state dict, the most likely first. */
const USUAL_KEYS = ["state_dict", "model_state_dict", "model", "net", "network", "weights", "params"];
/** Optimisers keep tensors as large as the weights, and as many. */
const OPTIMIZER_KEY = /optim|sched|scaler/i;
/** In a checkpoint, a state dict is one or two levels deep. */
const MAX_DEPTH = 6;
const MAX_LISTED = 6;

/**
 * The mappings of names to tensors in `value`, the most likely model first: those under a usual key, then those with
 * the most tensors, then those that come first; an optimiser's come last. Entries that are not tensors are left out. If
 * several mappings are directly in the outermost one, their union is added at the end, for a model that was saved in
 * parts.
 */
export function findStateDicts(value: unknown): FoundStateDict[] {
  const found: (FoundStateDict & { keys: string[] })[] = [];
  const seen = new Set<unknown>();
  let level: { value: unknown; keys: string[] }[] = [{ value, keys: [] }];
  for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth++) {
    const next: typeof level = [];
    for (const { value, keys } of level) {
      if (seen.has(value)) continue;
      seen.add(value);
      const entries = entriesOf(value);
      if (entries === undefined) continue;
      const views: FoundStateDict["views"] = [];
      for (const [key, inner] of entries) {
        if (inner instanceof TensorRef) {
          if (typeof key === "string") views.push({ name: key, view: inner.view });
        } else if (typeof inner === "object" && inner !== null) {
          next.push({ value: inner, keys: [...keys, typeof key === "object" ? "…" : String(key)] });
        }
      }
      if (views.length > 0) found.push({ path: keys.join("."), keys, views });
    }
    level = next;
  }
  const isOptimizer = ({ keys }: { keys: string[] }) => keys.some((key) => OPTIMIZER_KEY.test(key));
  const rank = ({ keys }: { keys: string[] }) => {
    const usual = USUAL_KEYS.indexOf(keys.at(-1) ?? "");
    return usual < 0 ? USUAL_KEYS.length : usual;
  };
  const models = found.filter((stateDict) => !isOptimizer(stateDict));
  const sorted = models.toSorted((a, b) => rank(a) - rank(b) || b.views.length - a.views.length);
  return [...sorted, ...union(models), ...found.filter(isOptimizer)];
}

/** All state dicts as one, with its path before each name; empty for fewer than two. */
function union(parts: readonly FoundStateDict[]): FoundStateDict[] {
  if (parts.length < 2) return [];
  const named = ({ path, views }: FoundStateDict) =>
    views.map(({ name, view }) => ({ name: path === "" ? name : `${path}.${name}`, view }));
  return [{ path: parts.map(({ path }) => path).join(" + "), views: parts.flatMap(named) }];
}

function entriesOf(value: unknown): Iterable<[unknown, unknown]> | undefined {
  if (value instanceof Map) return value;
  if (value instanceof Opaque) return value.entries;
  if (value instanceof Tuple) return value.items.entries();
  return Array.isArray(value) ? value.entries() : undefined;
}

/** Describes `value` for a message, such as a dict with its first entries. */
export function describeFound(value: unknown): string {
  const entries = value instanceof Opaque && value.entries.size === 0 ? undefined : entriesOf(value);
  if (entries === undefined) return kindOf(value);
  const listed: string[] = [];
  let count = 0;
  for (const [key, inner] of entries) {
    if (count++ >= MAX_LISTED) continue;
    listed.push(
      typeof key === "string"
        ? `${quote(key.slice(0, 24))} (${kindOf(inner)})`
        : typeof key === "number" && !(value instanceof Map)
        ? kindOf(inner)
        : "a key that is not text",
    );
  }
  const more = count > MAX_LISTED ? ` and ${count - MAX_LISTED} more` : "";
  return count === 0
    ? `an empty ${kindOf(value).replace(/^an? /, "")}`
    : `${kindOf(value)} of ${listed.join(", ")}${more}`;
}

function kindOf(value: unknown): string {
  if (value instanceof Map) return "a dict";
  if (value instanceof TensorRef) return "a tensor";
  if (value instanceof Opaque) return quote(value.name.slice(0, 40));
  if (value instanceof Tuple) return "a tuple";
  if (value instanceof Uint8Array) return "bytes";
  if (Array.isArray(value)) return "a list";
  if (value === null) return "None";
  return typeof value === "string" ? "text" : `a ${typeof value}`;
}
