import assert from "node:assert/strict";
import { inTime } from "../../lab/in_time_testing.ts";
import { TestClient, withLab } from "../testing/lab.ts";

const TOKEN = "open-sesame";
const headers = { authorization: `Bearer ${TOKEN}` };

/** Hosts to bind: loopback, and another address if this machine has one. */
const elsewhere = Deno.networkInterfaces().find(({ family, address }) =>
  family === "IPv4" && !address.startsWith("127.")
);
const hosts = ["127.0.0.1", ...elsewhere ? [elsewhere.address] : []];

/** Whether a socket at `url` opens. */
function opens(url: string): Promise<boolean> {
  const socket = new WebSocket(url);
  return inTime(
    new Promise((resolve) => {
      socket.onopen = () => socket.close();
      socket.onerror = () => resolve(false);
      socket.onclose = ({ code }) => resolve(code !== 1006);
    }),
    "a socket to open or fail",
  );
}

for (const host of hosts) {
  Deno.test(`a lab with a token keeps strangers out and lets friends in, at ${host === hosts[0] ? "loopback" : "another address"}`, async () => {
    await withLab(async (lab) => {
      const url = `http://${lab.host}`;
      const model = lab.store.add();
      for (const method of ["GET", "POST", "DELETE"]) {
        const response = await fetch(`${url}/api/models/${model.id}`, { method });
        assert.equal(response.status, 401, method);
        await response.body?.cancel();
      }
      assert.equal(lab.store.records.length, 1);
      assert.equal(await opens(`ws://${lab.host}/ws/train`), false);
      assert.equal(await opens(`ws://${lab.host}/ws/train?token=wrong`), false);
      assert.equal(await opens(`ws://${lab.host}/ws/train?token=${TOKEN}`), true);

      assert.deepEqual(await (await fetch(`${url}/api/models`, { headers })).json(), [model]);
      const visit = await fetch(`${url}/?epochs=3&token=${TOKEN}`, { redirect: "manual" });
      await visit.body?.cancel();
      assert.equal(visit.headers.get("location"), "/?epochs=3");
      const cookie = visit.headers.get("set-cookie")!.split(";")[0];
      const gone = await fetch(`${url}/api/models/${model.id}`, { method: "DELETE", headers: { cookie } });
      assert.equal(gone.status, 204);
      const foreign = { cookie, origin: "http://evil.example" };
      const refused = await fetch(`${url}/api/models`, { headers: foreign });
      assert.equal(refused.status, 403, "the cookie does not help a page of another site");
      await refused.body?.cancel();
    }, { settings: { host, token: TOKEN } });
  });
}

Deno.test("a run can be followed only with the token", async () => {
  await withLab(async (lab) => {
    const socket = new WebSocket(`ws://${lab.host}/ws/runs/none?token=${TOKEN}`);
    const client = new TestClient(socket);
    assert.match((await client.next("error")).message, /no run "none"/);
    assert.equal(await client.end(), 1008);
  }, { settings: { token: TOKEN } });
});

Deno.test("embedding by other sites is refused, but links from them are not", async () => {
  await withLab(async (lab) => {
    const ask = async (headers: Record<string, string>) => {
      const response = await fetch(`http://${lab.host}/api/models`, { headers });
      await response.body?.cancel();
      return response.status;
    };
    assert.equal(await ask({ "sec-fetch-site": "cross-site", "sec-fetch-dest": "image" }), 403);
    assert.equal(await ask({ "sec-fetch-site": "cross-site", "sec-fetch-dest": "iframe" }), 403);
    assert.equal(await ask({ "sec-fetch-site": "cross-site", "sec-fetch-dest": "document" }), 200);
    assert.equal(await ask({ "sec-fetch-site": "same-origin", "sec-fetch-dest": "empty" }), 200);
    assert.equal(await ask({}), 200);
  });
});
