/** The browser of page tests and screenshots. */
import { type Browser, chromium } from "playwright-core";

/** `CHROMIUM_PATH`, or where Debian installs Chromium; undefined if it is not there. */
export const CHROMIUM: string | undefined = [Deno.env.get("CHROMIUM_PATH"), "/usr/bin/chromium"].find(isFile);

/**
 * Features that Playwright turns off itself and that a second list would turn on again, as far as they matter to these
 * tests.
 */
const OFF_BY_PLAYWRIGHT = [
  "AimEnabled",
  "AvoidUnnecessaryBeforeUnloadCheckSync",
  "DestroyProfileOnBrowserClose",
  "HttpsFirstBalancedModeAutoEnable",
  "HttpsUpgrades",
  "LensOverlay",
  "MediaRouter",
  "NetworkTimeServiceQuerying",
  "OptimizationHints",
  "PaintHolding",
  "PreconnectToSearch",
  "ThirdPartyStoragePartitioning",
];

/**
 * The popup of the address bar is a page of its own, which costs each visitor a second of processor time. The spare
 * renderer is a process for the next site, but tests visit only one site.
 */
const OFF_FOR_SPEED = ["SpareRendererForSitePerProcess", "WebUIOmniboxAimPopup", "WebUIOmniboxPopup"];

const FLAGS = [
  "--no-sandbox",
  // Painting on an emulated GPU takes longer than painting in software.
  "--disable-gpu-compositing",
  "--disable-gpu-rasterization",
  // WebGPU runs in software (SwiftShader), so that its tests need no GPU.
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  `--disable-features=${[...OFF_BY_PLAYWRIGHT, ...OFF_FOR_SPEED].join(",")}`,
];

/**
 * @param more further flags
 * @throws {Error} when Chromium is not installed
 */
export function openChromium(more: readonly string[] = []): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error("Chromium is not installed; set CHROMIUM_PATH to its program");
  return chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...more] });
}

function isFile(path: string | undefined): path is string {
  try {
    return path !== undefined && Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
