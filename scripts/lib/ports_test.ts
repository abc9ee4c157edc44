import assert from "node:assert/strict";
import { readSettings, StartupError } from "../../service/process/settings.ts";
import { requireFreePorts } from "./ports.ts";

const NO_PORT = 70_000;

Deno.test("a port in use is named, even if the other port cannot be tried", () => {
  const holder = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const { port } = holder.addr;
    const settings = readSettings(() => undefined);
    assert.throws(
      () => requireFreePorts({ ...settings, trainingPort: NO_PORT, inferencePort: port }),
      (error) => error instanceof StartupError && error.message.startsWith(`Port ${port} is in use; `),
    );
    requireFreePorts({ ...settings, trainingPort: NO_PORT, inferencePort: NO_PORT });
  } finally {
    holder.close();
  }
});
