/** Choices that the page remembers between visits. */
export interface Preferences {
  get(name: string): string | null;
  set(name: string, value: string): void;
}

/** Preferences that last until the page is closed. */
export function forVisit(): Preferences {
  const values = new Map<string, string>();
  return { get: (name) => values.get(name) ?? null, set: (name, value) => void values.set(name, value) };
}

/** Preferences in the browser's local storage. If storage is forbidden, nothing is remembered. */
export const browserPreferences: Preferences = storedIn(() => localStorage);

/** Preferences of one tab, which survive a reload and a visit to another page. */
export const tabPreferences: Preferences = storedIn(() => sessionStorage);

function storedIn(storage: () => Storage): Preferences {
  return {
    get: (name) => attempt(() => storage().getItem(keyOf(name))) ?? null,
    set: (name, value) => attempt(() => storage().setItem(keyOf(name), value)),
  };
}

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
