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
