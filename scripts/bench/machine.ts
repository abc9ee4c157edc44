/** Facts without which no figure means anything. */
import { cpus } from "node:os";
import { detectFeatures } from "../../core/codegen/wasm/assembler/module_builder.ts";

export interface Machine {
  date: string;
  cpu: string;
  cores: number;
  /** Over 1, 5 and 15 minutes, at the start; above 0, others were at work too. */
  loadAverage: number[];
  deno: string;
  v8: string;
  device: string;
}

export function describeMachine(): Machine {
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0].model.trim(),
    cores: navigator.hardwareConcurrency,
    loadAverage: Deno.loadavg(),
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    device: `wasm, 128-bit SIMD ${detectFeatures().relaxedFma ? "with" : "without"} fused multiply-add`,
  };
}

export function machineLines({ date, cpu, cores, loadAverage, deno, v8, device }: Machine): string[] {
  const load = loadAverage.map((value) => value.toFixed(2)).join(", ");
  return [
    `${cpu}, ${cores} cores, load average ${load}`,
    `Deno ${deno} (V8 ${v8}), ${device}, ${date}`,
  ];
}
