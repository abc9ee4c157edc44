const MAX_LENGTH = 60;

/** What came from outside as a message can show it: as JSON, so on one line and with its ends visible, and not long. */
export function quote(value: unknown): string {
  const text = typeof value === "string" ? value.slice(0, MAX_LENGTH + 1) : value;
  let shown: string;
  try {
    shown = JSON.stringify(text) ?? String(text);
  } catch {
    shown = typeof text;
  }
  return shown.length > MAX_LENGTH ? `${shown.slice(0, MAX_LENGTH - 3)}…` : shown;
}
