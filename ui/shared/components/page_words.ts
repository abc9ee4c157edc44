/**
 * Headline and first sentence of each page. The built HTML contains them too, so that they show before any script runs.
 */
export const PAGE_WORDS = {
  training: {
    title: "Train a network",
    lead: "It looks at handwritten digits, over and over, and learns to recognise them. Watch it get better.",
  },
  inference: {
    title: "Draw a digit",
    lead: "A network that you trained says which digit it sees, and how sure it is.",
  },
  docs: { title: "For programs", lead: "How programs talk to this service." },
} as const;

/** The pages of the lab. */
export type PageName = keyof typeof PAGE_WORDS;

/**
 * The head of each page: its tab title and its description for search engines. Only `page.html` needs these words,
 * so they stay out of the scripts, unlike `PAGE_WORDS`.
 */
export const PAGE_HEADS: Readonly<Record<PageName, { tab: string; description: string }>> = {
  training: { tab: "Train", description: "Train a network to recognise handwritten digits, and watch it learn." },
  inference: { tab: "Draw", description: "Draw a digit and see whether a trained network recognises it." },
  docs: { tab: "For programs", description: "How programs talk to the lab: requests, responses and messages." },
};
