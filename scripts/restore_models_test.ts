import assert from "node:assert/strict";
import { join } from "node:path";
import { PROJECT_DIR } from "./lib/source_files.ts";

async function restore(folder: string): Promise<[code: number, stdout: string, stderr: string]> {
  const args = ["task", "--quiet", "restore-models", folder];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: PROJECT_DIR,
    env: { NO_COLOR: "1" },
  }).output();
  return [code, new TextDecoder().decode(stdout), new TextDecoder().decode(stderr)];
}

Deno.test("restore-models puts the backup in place of damaged metadata and says what it did", async () => {
  const folder = await Deno.makeTempDir({ prefix: "restore models " });
  try {
    const metadata = join(folder, "models_metadata.json");
    Deno.writeTextFileSync(metadata, '[{"id": "a", ');
    const [code, , refusal] = await restore(folder);
    assert.equal(code, 1);
    assert.equal(refusal.trim(), `there is no backup that can be read: ${metadata}.bak`);

    Deno.writeTextFileSync(`${metadata}.bak`, "[]\n");
    Deno.writeTextFileSync(join(folder, "new.pth"), "");
    const [success, said] = await restore(folder);
    assert.equal(success, 0);
    assert.match(said, /^0 records are back, as they were on 20.* UTC\.\nThe damaged file is kept: .*damaged-\S+\n/);
    assert.match(said, /no record names them; POST \/api\/models imports them: new\.pth\n$/);
    assert.equal(Deno.readTextFileSync(metadata), "[]\n");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
