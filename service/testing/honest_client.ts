/**
 * For tests: a client that uses a service as a class does, and measures what it gets. It is a worker of its own, so
 * that the attackers in its process do not delay it.
 */
import assert from "node:assert/strict";
import { answerQuestions } from "../../lab/ask_worker.ts";
import { clientFrame, connectFrom, upgradeRequest } from "./raw_socket.ts";

/** The address of the honest client. */
const HONEST = "127.0.0.2";
/** Pause after each look, in ms. */
const PAUSE_MS = 100;

/** What the honest client sends to `/predict` or to `/ws/train`. */
export interface Work {
  prediction?: string;
  training?: object;
}

/**
 * `ask`: one request. `use`: many at once. `look`: `/healthz` and the work, once, and the most memory meanwhile.
 * `rest`: waits until the memory is below `mib`, or `ms` have passed.
 */
export type HonestQuestion =
  & { port: number; pid: number }
  & (
    | { kind: "ask"; method: string; path: string; body?: string | Uint8Array }
    | { kind: "use" }
    | { kind: "look"; work: Work }
    | { kind: "rest"; mib: number; ms: number }
  );

/** An answer of the service. */
export interface Answer {
  status: number;
  // deno-lint-ignore no-explicit-any
  body: any;
}

/** What one look showed: how long `/healthz` took, and a prediction or the start of a training run, in ms. */
export interface Look {
  healthMs: number;
  workMs: number;
  /** Most memory of the process, in MiB. */
  mostMib: number;
}

/** The answer to each kind of question; that to `rest` is the memory in MiB. */
export interface HonestAnswers {
  ask: Answer;
  use: undefined;
  look: Look;
  rest: number;
}

/** Memory of a process in MiB. */
function memoryOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))![1]) / 1024;
}

/** Asks over a new connection, as most programs do. */
async function ask(port: number, method: string, path: string, body: string | Uint8Array = ""): Promise<Answer> {
  const socket = await connectFrom(HONEST, port);
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  socket.write(
    `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${bytes.length}\r\n\r\n`,
  );
  socket.write(bytes);
  let text = "";
  for await (const chunk of socket) text += chunk.toString();
  const status = Number(/^HTTP\/1.1 (\d+)/.exec(text)?.[1] ?? 0);
  if (status === 0) throw new Error("no answer");
  const json = text.slice(text.indexOf("\r\n\r\n") + 4);
  return { status, body: json.startsWith("{") || json.startsWith("[") ? JSON.parse(json) : json };
}

/** What a class of pages asks for: many small requests. */
async function use(port: number): Promise<undefined> {
  const sockets = await Promise.all(Array.from({ length: 16 }, () => connectFrom(HONEST, port)));
  await Promise.all(sockets.map(async (socket) => {
    socket.write("GET /api/models/none HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(300));
    socket.write("GET /api/models/none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    socket.resume();
    await new Promise((resolve) => socket.on("close", resolve));
  }));
}

/** Starts a training run and aborts it again; returns how long the start took, in ms. */
async function train(port: number, config: object): Promise<number> {
  const began = performance.now();
  const socket = await connectFrom(HONEST, port);
  socket.write(upgradeRequest("/ws/train"));
  socket.write(clientFrame(1, JSON.stringify(config)));
  let text = "", acceptedAt: number | undefined;
  for await (const chunk of socket) {
    text += chunk.toString("latin1");
    if (acceptedAt === undefined && text.includes('"type":"accepted"')) {
      acceptedAt = performance.now();
      socket.write(clientFrame(1, '{"type":"abort"}'));
    }
    if (text.includes('"type":"aborted"')) break;
  }
  socket.destroy();
  assert.match(text, /"type":"accepted".*"type":"aborted"/s);
  return acceptedAt! - began;
}

async function look(port: number, pid: number, { prediction, training }: Work): Promise<Look> {
  const seen: Look = { healthMs: 0, workMs: 0, mostMib: 0 };
  const timer = setInterval(() => seen.mostMib = Math.max(seen.mostMib, memoryOf(pid)), PAUSE_MS / 4);
  const timed = async (asked: Promise<unknown>) => {
    const began = performance.now();
    await asked;
    return performance.now() - began;
  };
  try {
    seen.healthMs = await timed(ask(port, "GET", "/healthz"));
    if (training !== undefined) seen.workMs = await train(port, training);
    else {
      seen.workMs = await timed((async () => {
        assert.equal((await ask(port, "POST", "/predict", prediction)).status, 200);
      })());
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    return seen;
  } finally {
    clearInterval(timer);
  }
}

async function rest(port: number, pid: number, mib: number, ms: number): Promise<number> {
  const deadline = performance.now() + ms;
  while (memoryOf(pid) > mib && performance.now() < deadline) {
    await ask(port, "GET", "/healthz");
    await new Promise((resolve) => setTimeout(resolve, 2 * PAUSE_MS));
  }
  return memoryOf(pid);
}

answerQuestions<HonestQuestion, HonestAnswers[HonestQuestion["kind"]]>((question) => {
  const { port, pid } = question;
  switch (question.kind) {
    case "ask":
      return ask(port, question.method, question.path, question.body);
    case "use":
      return use(port);
    case "look":
      return look(port, pid, question.work);
    case "rest":
      return rest(port, pid, question.mib, question.ms);
  }
});
