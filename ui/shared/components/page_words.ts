/** Headline and first sentence of each page. The built HTML carries them too, so that they are there before any script. */
export const PAGE_WORDS = {
  training: {
    title: "Train a network",
    lead: "It looks at 60,000 handwritten digits and learns to read them. Watch it get better.",
  },
  inference: {
    title: "Draw a digit",
    lead: "A network that you trained says which digit it sees, and how sure it is.",
  },
  docs: { title: "For programs", lead: "How programs talk to this service." },
} as const;

export type PageName = keyof typeof PAGE_WORDS;
