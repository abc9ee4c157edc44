import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { eventually } from "../testing/eventually.ts";
import type { Lab } from "../testing/lab.ts";
import { setUpPageTests } from "../testing/page_test.ts";
import { button } from "../testing/training_page.ts";

const pageTest = setUpPageTests();

const PAGES = [
  { title: "Train a network", url: (lab: Lab) => lab.trainingUrl, ready: "Start Training" },
  { title: "Draw a digit", url: (lab: Lab) => lab.inferenceUrl, ready: "Predict" },
];

const LIGHT = "rgb(244, 245, 247)", DARK = "rgb(15, 17, 21)";

function ground(page: Page): Promise<string> {
  return page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
}

/** Records the background of the page in every frame, from the first frame that has a body. */
async function watchGround(page: Page): Promise<() => Promise<string[]>> {
  await page.addInitScript(() => {
    const seen = new Set<string>();
    Object.assign(globalThis, { seen });
    const look = () => {
      if (document.body) seen.add(getComputedStyle(document.documentElement).backgroundColor);
      requestAnimationFrame(look);
    };
    look();
  });
  return () => page.evaluate(() => [...(globalThis as unknown as { seen: Set<string> }).seen]);
}

for (const { title, url, ready } of PAGES) {
  pageTest(`"${title}" shows its frame with styles before the script arrives, and keeps it`, async (lab, page) => {
    let release = () => {};
    const released = new Promise<void>((resolve) => release = resolve);
    await page.route(/assets\/(training|inference)-.*\.js$/, async (route) => {
      await released;
      await route.continue();
    });
    await page.goto(url(lab), { waitUntil: "commit" });
    const headline = page.getByRole("heading", { level: 1, name: title });
    await headline.waitFor();
    const paints = () => page.evaluate(() => performance.getEntriesByName("first-contentful-paint").length);
    // The frame is in the document a moment earlier, without styles, but not yet painted.
    await eventually(async () => assert.equal(await paints(), 1, "nothing was painted before the script arrived"));
    assert.equal(await button(page, ready).count(), 0);
    assert.equal(await ground(page), LIGHT);
    const words = () => page.locator(".brand, nav, .opening").allInnerTexts();
    const sent = await words();
    assert.match(sent.join(" "), new RegExp(`MNIST Lab\\s+Train\\s+Draw\\s+${title}\\s+\\w`));
    assert.equal(await page.locator("nav a[aria-current=page]").getAttribute("href"), `${url(lab)}/`);
    const before = await headline.boundingBox();
    const element = await headline.elementHandle();

    release();
    await button(page, ready).waitFor();
    assert(await element!.evaluate((element) => element.isConnected), "the headline was replaced");
    assert.deepEqual(await headline.boundingBox(), before, "the headline has moved");
    assert.deepEqual(await words(), sent);
  });
}

pageTest(
  "the theme follows the system until the user chooses one; both pages remember it, without a flash",
  async (lab, page) => {
    const dark = page.getByRole("radio", { name: "Dark" });
    await page.goto(lab.trainingUrl);
    assert.equal(await ground(page), LIGHT);
    await page.emulateMedia({ colorScheme: "dark" });
    await eventually(async () => assert.equal(await ground(page), DARK));
    await page.emulateMedia({ colorScheme: "light" });
    await eventually(async () => assert.equal(await ground(page), LIGHT));
    await dark.check();
    assert.equal(await ground(page), DARK);

    for (const { url, ready } of PAGES) {
      const visit = await page.context().newPage();
      const grounds = await watchGround(visit);
      await visit.goto(url(lab));
      await button(visit, ready).waitFor();
      assert.deepEqual(await grounds(), [DARK]);
      assert(await visit.getByRole("radio", { name: "Dark" }).isChecked());
      await visit.close();
    }

    await page.getByRole("radio", { name: "As the system" }).check();
    assert.equal(await ground(page), LIGHT);
    assert.deepEqual(await page.context().cookies(), []);
  },
);

pageTest("the theme can be chosen with the keyboard alone", async (lab, page) => {
  await page.goto(lab.trainingUrl);
  await button(page, "Start Training").waitFor();
  await page.getByRole("radio", { name: "As the system" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  assert.equal(await ground(page), DARK);
  await page.keyboard.press("ArrowLeft");
  assert.equal(await ground(page), LIGHT);
}, { colorScheme: "dark" });
