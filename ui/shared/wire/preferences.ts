/** Choices that the page remembers between visits. */
export interface Preferences {
  get(name: string): string | null;
  set(name: string, value: string): void;
}

/** Forgotten with the visit. */
export function forVisit(): Preferences {
  const values = new Map<string, string>();
  return { get: (name) => values.get(name) ?? null, set: (name, value) => void values.set(name, value) };
}

/** Kept in this browser; where that is forbidden, for this visit only. */
export const browserPreferences: Preferences = {
  get: (name) => attempt(() => localStorage.getItem(keyOf(name))) ?? null,
  set: (name, value) => attempt(() => localStorage.setItem(keyOf(name), value)),
};

function keyOf(name: string): string {
  return `mnist-lab.${name}`;
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
