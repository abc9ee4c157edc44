/** The browser that page tests and screenshots look through. */
import { type Browser, chromium } from "playwright-core";

/** `CHROMIUM_PATH`, or where Debian puts Chromium; undefined where there is none. */
export const CHROMIUM: string | undefined = [Deno.env.get("CHROMIUM_PATH"), "/usr/bin/chromium"].find(isFile);

/** What Playwright turns off by itself, which a second list would turn on again, as far as these tests meet it. */
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
 * The address bar's list is a page of its own, made anew for each visitor at the price of a second of processor time; the
 * spare renderer is a process for the next site, and a test has no other one.
 */
const OFF_FOR_SPEED = ["SpareRendererForSitePerProcess", "WebUIOmniboxAimPopup", "WebUIOmniboxPopup"];

const FLAGS = [
  "--no-sandbox",
  // Painting on a GPU that is itself computed takes longer than painting at once.
  "--disable-gpu-compositing",
  "--disable-gpu-rasterization",
  // WebGPU runs in software (SwiftShader), so that its tests need no GPU.
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  `--disable-features=${[...OFF_BY_PLAYWRIGHT, ...OFF_FOR_SPEED].join(",")}`,
];

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
