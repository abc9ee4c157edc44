import type { PageName } from "./shared/components/page_words.ts";

/** Title of the tab and description of each page, for the head of `page.html`. Only the build needs them, not the scripts. */
export const PAGE_HEADS: Readonly<Record<PageName, { tab: string; description: string }>> = {
  training: { tab: "Train", description: "Train a network to recognise handwritten digits, and watch it learn." },
  inference: { tab: "Draw", description: "Draw a digit and see which one a trained network thinks it is." },
  docs: { tab: "For programs", description: "How programs talk to the lab: requests, answers and messages." },
};
