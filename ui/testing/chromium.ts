/** The browser that page tests and screenshots look through. */
import { type Browser, chromium } from "playwright-core";

/** `CHROMIUM_PATH`, or where Debian puts Chromium; undefined where there is none. */
export const CHROMIUM: string | undefined = [Deno.env.get("CHROMIUM_PATH"), "/usr/bin/chromium"].find(isFile);

/** WebGPU runs in software (SwiftShader), so that its tests need no GPU. */
const FLAGS = ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

export function openChromium(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error("Chromium is not installed; set CHROMIUM_PATH to its program");
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

function isFile(path: string | undefined): path is string {
  try {
    return path !== undefined && Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
