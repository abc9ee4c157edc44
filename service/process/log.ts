/** From the most to the least verbose. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
/** Readable lines, or one JSON object per line. */
export const LOG_FORMATS = ["text", "json"] as const;

/** How important a line is. */
export type LogLevel = typeof LOG_LEVELS[number];
/** One of `LOG_FORMATS`. */
export type LogFormat = typeof LOG_FORMATS[number];

/** Level and format of a log. */
export interface LogOptions {
  level: LogLevel;
  format: LogFormat;
}

/** Details of an event; never the contents of a body, query, cookie or token. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Writes one line, given without its line break. */
export type LogWriter = (level: LogLevel, line: string) => void;

/** Writes one line for each event, for the people who run the service. */
export class Log {
  readonly #write: LogWriter;
  readonly #now: () => Date;
  #level = LOG_LEVELS.indexOf("warn");
  #format: LogFormat = "text";

  constructor(write: LogWriter = writeToConsole, now = () => new Date()) {
    this.#write = write;
    this.#now = now;
  }

  /** Sets level and format; until then only warnings and errors are written, as text. */
  configure({ level, format }: LogOptions): void {
    this.#level = LOG_LEVELS.indexOf(level);
    this.#format = format;
  }

  /** Whether lines of this level are written; for code that would otherwise gather fields for nothing. */
  enabled(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) >= this.#level;
  }

  /** Logs something frequent or automatic. */
  debug(event: string, fields?: LogFields): void {
    this.line("debug", event, fields);
  }

  /** Logs what a user did. */
  info(event: string, fields?: LogFields): void {
    this.line("info", event, fields);
  }

  /** Logs a problem that does not stop the service. */
  warn(event: string, fields?: LogFields): void {
    this.line("warn", event, fields);
  }

  /** Logs a failure. `cause` is what was thrown; its stack goes to the log and nowhere else. */
  error(event: string, fields?: LogFields, cause?: unknown): void {
    this.line("error", event, cause === undefined ? fields : { ...fields, cause: stackOf(cause) });
  }

  /** Writes `event` with its fields, if the level is enabled. */
  line(level: LogLevel, event: string, fields: LogFields = {}): void {
    if (!this.enabled(level)) return;
    const time = this.#now().toISOString();
    const line = this.#format === "json"
      ? JSON.stringify({ time, level, event, ...fields })
      : `${time} ${level.padEnd(5)} ${plain(event)}${textOf(fields)}`;
    this.#write(level, line);
  }
}

/** The log of this thread. Code that starts a thread configures it. */
export const log = new Log();

function writeToConsole(level: LogLevel, line: string) {
  try {
    if (level === "warn" || level === "error") console.error(line);
    else console.log(line);
  } catch {
    // A closed terminal, or a full disk behind a log file, must not end the service.
  }
}

function textOf(fields: LogFields): string {
  let text = "";
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    // A stack keeps its lines, because it is easier to read and does not come from a client.
    text += name === "cause" ? `\n  ${String(value).replaceAll("\n", "\n  ")}` : ` ${name}=${quoted(String(value))}`;
  }
  return text;
}

/** Keeps text from a client within its line and its quotes. */
function quoted(text: string): string {
  return /^[\w.,:/%+@~*()[\]-]+$/.test(text) ? text : plain(JSON.stringify(text));
}

/** Control characters, line separators, and characters that reverse the direction of writing. */
const UNSAFE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Removes characters that move a terminal's cursor or change its colours. */
function plain(text: string): string {
  return text.replaceAll(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function stackOf(cause: unknown): string {
  return cause instanceof Error ? cause.stack ?? String(cause) : String(cause);
}
