import type { PageName } from "./shared/components/page_words.ts";

/**
 * The head of each page: its tab title and its description for search engines. Only `page.html` needs these words,
 * so they stay out of the scripts, unlike `PAGE_WORDS`.
 */
export const PAGE_HEADS: Readonly<Record<PageName, { tab: string; description: string }>> = {
  training: { tab: "Train", description: "Train a network to recognise handwritten digits, and watch it learn." },
  inference: { tab: "Draw", description: "Draw a digit and see whether a trained network recognises it." },
  docs: { tab: "For programs", description: "How programs talk to the lab: requests, responses and messages." },
};
