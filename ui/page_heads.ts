/** What the head of each page says, for `page.html`. Apart from the words that are shown, which the scripts carry too. */
import type { PageName } from "./shared/components/page_words.ts";

export const PAGE_HEADS: Readonly<Record<PageName, { tab: string; description: string }>> = {
  training: { tab: "Train", description: "Train a network that reads handwritten digits, and watch it learn." },
  inference: { tab: "Draw", description: "Draw a digit and see which one a trained network takes it for." },
  docs: { tab: "For programs", description: "How programs talk to the lab: requests, answers and messages." },
};
