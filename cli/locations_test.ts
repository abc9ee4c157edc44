import assert from "node:assert/strict";
import { join } from "node:path";
import { chooseModelsDir, platformDataDir } from "./locations.ts";

async function withFolder(body: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("models go to the working directory, unless it is the home folder or not writable", () =>
  withFolder(async (folder) => {
    const home = join(folder, "home"), work = join(folder, "work"), file = join(folder, "file");
    await Promise.all([home, work].map((path) => Deno.mkdir(path)));
    await Deno.writeTextFile(file, "no folder");
    const get = (name: string) => ({ HOME: home, XDG_DATA_HOME: join(home, "data"), LOCALAPPDATA: home })[name];
    const own = platformDataDir(Deno.build.os, get)!;
    assert.equal(await chooseModelsDir(work, get), join(work, "models"));
    assert.equal(await chooseModelsDir(home, get), own);
    assert.equal(await chooseModelsDir(file, get), own);
    // A folder that a user has created there is used.
    await Deno.mkdir(join(home, "models"));
    assert.equal(await chooseModelsDir(home, get), join(home, "models"));
  }));

Deno.test("each platform has its own folder for application data", () => {
  const get = (variables: Record<string, string>) => (name: string) => variables[name];
  assert.equal(platformDataDir("linux", get({ HOME: "/home/a" })), join("/home/a", ".local/share/mnist-lab"));
  assert.equal(platformDataDir("linux", get({ HOME: "/home/a", XDG_DATA_HOME: "/d" })), join("/d", "mnist-lab"));
  assert.equal(
    platformDataDir("darwin", get({ HOME: "/Users/a" })),
    join("/Users/a", "Library/Application Support/mnist-lab"),
  );
  assert.equal(platformDataDir("windows", get({ LOCALAPPDATA: "C:\\a" })), join("C:\\a", "mnist-lab"));
  assert.equal(platformDataDir("linux", get({})), undefined);
});
