/**
 * Checks every state of the pages against the rules of axe-core, which include WCAG 2.2 AA as far as a program can
 * tell.
 */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import type axe from "axe-core";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { startLab } from "../testing/lab.ts";
import { LOCKED_STATE, PAGE_STATES, type PageState } from "../testing/page_states.ts";
import { setUpPageTests } from "../testing/page_test.ts";

const pageTest = setUpPageTests();

/** Without it, each state is checked once, alternately on a light desktop and a dark phone. */
const isLong = Deno.env.get("LAB_LONG") === "1";
const AXE = await Deno.readTextFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"));
const SIZES = [{ width: 1280, height: 900 }, { width: 360, height: 740 }];
const COLOURS = ["light", "dark"] as const;

/** The API page is as long as all others together and seldom changes, so only the long run checks it. */
const states = PAGE_STATES.filter(({ name, shownBy }) => shownBy === undefined && (isLong || name !== "docs"));

// In this order: later states need the models of earlier ones.
for (const [turn, state] of states.entries()) {
  pageTest(`no violation: ${state.name}`, async (lab, page) => {
    await state.open(lab, page);
    await check(page, state, turn % 2);
    await state.close?.(page);
  });
}

pageTest(`no violation: ${LOCKED_STATE.name}`, async (_lab, page) => {
  const lab = await startLab({ LAB_TOKEN: "a-long-word" });
  try {
    await LOCKED_STATE.open(lab, page);
    await check(page, LOCKED_STATE, 0);
  } finally {
    await lab.close();
  }
});

/**
 * Checks both colour schemes, on a desktop and on a narrow phone; in the short run, only one combination, chosen by
 * `turn`.
 */
async function check(page: Page, { name }: PageState, turn: number): Promise<void> {
  // Evaluated rather than added as an element, which the content security policy forbids.
  await page.evaluate(AXE);
  for (const [i, size] of SIZES.entries()) {
    for (const [j, colorScheme] of COLOURS.entries()) {
      if (!isLong && !(i === turn && j === turn)) continue;
      if (name === "docs" && i !== j) continue;
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      // The width shows and hides elements; the colour scheme changes only contrast.
      const options = colorScheme === "light" || i === j ? {} : { runOnly: ["color-contrast"] };
      const { violations, passes }: AxeResults = await page.evaluate(
        (options) => (globalThis as unknown as { axe: typeof axe }).axe.run({ ...options, preload: false }),
        options,
      );
      assert(passes.some(({ id }) => id === "color-contrast"), "contrast was not checked");
      const found = violations.flatMap(({ id, help, nodes }) =>
        nodes.map((node) => `${id} (${help}): ${node.html.slice(0, 200)}\n  ${node.any[0]?.message ?? ""}`)
      );
      assert.deepEqual(found, [], `${name}, ${size.width} px, ${colorScheme}`);
    }
  }
}
