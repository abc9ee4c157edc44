/** A look at the ports before anything slow begins. */
import { type Settings, StartupError } from "../../service/settings.ts";

/** @throws {StartupError} naming the port and its variable when another program holds it */
export function requireFreePorts({ host, trainingPort, inferencePort }: Settings): void {
  for (const [variable, port] of [["TRAINING_PORT", trainingPort], ["INFERENCE_PORT", inferencePort]] as const) {
    try {
      Deno.listen({ hostname: host, port }).close();
    } catch (error) {
      // Whatever else is wrong with the address, the service itself says better.
      if (!(error instanceof Deno.errors.AddrInUse)) continue;
      throw new StartupError(
        `Port ${port} is in use; stop the program that holds it (is the lab running already?), or set ${variable} to a free port`,
      );
    }
  }
}
