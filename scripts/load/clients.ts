/**
 * The clients of a class: onlookers that follow one run over raw sockets, and others that draw. They run in a process
 * of their own and do as little as possible, because they share the cores with the services.
 *
 * Usage: deno run --allow-net scripts/load/clients.ts TRAINING_URL RUN ONLOOKERS INFERENCE_URL DRAWERS WARM_UP SECONDS
 * < body
 */
import { setTimeout as delay } from "node:timers/promises";
import { RawSocket } from "../../service/testing/raw_socket.ts";
import { HttpClient, postRequest } from "../bench/predict_client.ts";
import { quantile } from "../bench/measure.ts";

const PREDICTIONS_PER_SECOND = 10;

/** What the clients saw. */
export interface ClientFigures {
  errors: string[];
  /** The fewest messages that any onlooker got. */
  fewestMessages: number;
  predictions: number;
  predictMsP50: number;
  predictMsP99: number;
}

async function main(): Promise<ClientFigures> {
  const [trainingUrl, run, onlookers, inferenceUrl, drawers, warmUp, seconds] = Deno.args;
  const body = await new Response(Deno.stdin.readable).text();
  // Before that, only errors count.
  const begin = performance.now() + 1000 * Number(warmUp);
  const end = begin + 1000 * Number(seconds);
  const errors: string[] = [], times: number[] = [];
  const counts = new Array<number>(Number(onlookers)).fill(0);
  const note = (what: string) => (error: unknown) => errors.push(`${what}: ${error}`);

  const follow = async (index: number) => {
    const socket = await RawSocket.open(new URL(trainingUrl).host, `/ws/runs/${run}`);
    const hangUp = setTimeout(() => socket.close(), end - performance.now());
    await socket.follow(() => counts[index]++);
    clearTimeout(hangUp);
    if (performance.now() < end) throw new Error("the service closed the connection");
  };
  const draw = async (index: number) => {
    const url = new URL("/predict", inferenceUrl), request = postRequest(url, body);
    const http = new HttpClient(url);
    // Spread over time, as people are.
    const interval = 1000 / PREDICTIONS_PER_SECOND;
    for (let due = performance.now() + interval * index / Number(drawers); due < end; due += interval) {
      await delay(Math.max(0, due - performance.now()));
      const sent = performance.now();
      await http.send(request);
      if (sent >= begin) times.push(performance.now() - sent);
    }
    http.close();
  };

  await Promise.all([
    ...counts.map((_, index) => follow(index).catch(note("an onlooker"))),
    ...Array.from({ length: Number(drawers) }, (_, index) => draw(index).catch(note("a drawer"))),
  ]);
  return {
    errors,
    fewestMessages: Math.min(...counts),
    predictions: times.length,
    predictMsP50: quantile(times, 0.5),
    predictMsP99: quantile(times, 0.99),
  };
}

if (import.meta.main) console.log(JSON.stringify(await main()));
