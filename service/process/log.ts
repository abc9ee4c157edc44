/** What the services write for whoever runs them: one line for each event, as text or as JSON. */

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export const LOG_FORMATS = ["text", "json"] as const;

export type LogLevel = typeof LOG_LEVELS[number];
export type LogFormat = typeof LOG_FORMATS[number];

export interface LogOptions {
  level: LogLevel;
  format: LogFormat;
}

/** What belongs to an event. Never the contents of a body, a query, a cookie or a token. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Takes one line without its line break. */
export type LogWriter = (level: LogLevel, line: string) => void;

export class Log {
  #level = LOG_LEVELS.indexOf("warn");
  #format: LogFormat = "text";

  /** Before it is configured only what went wrong is written. */
  constructor(private readonly write: LogWriter = writeToConsole, private readonly now = () => new Date()) {}

  configure({ level, format }: LogOptions): void {
    this.#level = LOG_LEVELS.indexOf(level);
    this.#format = format;
  }

  /** Whether lines of this level are written; ask before fields are gathered where every microsecond counts. */
  enabled(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) >= this.#level;
  }

  debug(event: string, fields?: LogFields): void {
    this.line("debug", event, fields);
  }

  info(event: string, fields?: LogFields): void {
    this.line("info", event, fields);
  }

  warn(event: string, fields?: LogFields): void {
    this.line("warn", event, fields);
  }

  /** `cause` is what was thrown: its stack is for whoever runs the service, and goes nowhere else. */
  error(event: string, fields?: LogFields, cause?: unknown): void {
    this.line("error", event, cause === undefined ? fields : { ...fields, cause: stackOf(cause) });
  }

  line(level: LogLevel, event: string, fields: LogFields = {}): void {
    if (!this.enabled(level)) return;
    const time = this.now().toISOString();
    const line = this.#format === "json"
      ? JSON.stringify({ time, level, event, ...fields })
      : `${time} ${level.padEnd(5)} ${plain(event)}${textOf(fields)}`;
    this.write(level, line);
  }
}

/** The one of this thread. Whatever starts a thread configures it. */
export const log = new Log();

function writeToConsole(level: LogLevel, line: string) {
  try {
    if (level === "warn" || level === "error") console.error(line);
    else console.log(line);
  } catch {
    // A terminal that was closed, or a full disk behind a log file, must not end the service.
  }
}

function textOf(fields: LogFields): string {
  let text = "";
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    // A stack is read over several lines, and it is no client's text.
    text += name === "cause" ? `\n  ${String(value).replaceAll("\n", "\n  ")}` : ` ${name}=${quoted(String(value))}`;
  }
  return text;
}

/** Whatever a client wrote stays within its line and its quotes. */
function quoted(text: string): string {
  return /^[\w.,:/%+@~*()[\]-]+$/.test(text) ? text : plain(JSON.stringify(text));
}

/** Control characters, line separators, and what turns the direction of writing round. */
const UNSAFE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Without characters that move a terminal's cursor or colour it. */
function plain(text: string): string {
  return text.replaceAll(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function stackOf(cause: unknown): string {
  return cause instanceof Error ? cause.stack ?? String(cause) : String(cause);
}
