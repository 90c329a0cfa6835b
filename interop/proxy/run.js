"use strict";

// Clients behind nginx, with the configuration that we recommend, and behind a relay that knows no upgrade.
//
//   node run.js --server PATH [--chromium PATH] [--only TEXT]
//
// The last line is "N passed, M failed".

const fs = require("fs");
const https = require("https");
const os = require("os");
const path = require("path");
const { chromium } = require("../browsers/node_modules/playwright-core");
const { BUNDLES, writePages } = require("../browsers/bundles.js");
const { FLAGS, play } = require("../browsers/chromium.js");
const { CLIENTS, WAYS, Peer, argument, ask, askOne, assert, collect, freePort, next, request, start, until } = require("../clients/lib.js");
const { Results } = require("../clients/table.js");
const nginx = require("./nginx.js");
const { relay } = require("./relay.js");

const program = argument("--server");
const only = argument("--only") ?? "";
if (!program) {
  console.error("usage: node run.js --server PATH [--chromium PATH] [--only TEXT]");
  process.exit(2);
}

const NAME = "example.com";
const results = new Results(["polling", "websocket", "upgrade", "lost process", "no upgrade", "rules"], only);
const OLD_AND_NEW = CLIENTS.filter(({ name }) => ["2.3.0", "4.5.4"].includes(name));

const check = results.check.bind(results);

let machines = 0;

/** A machine of its own, as nginx sees it: an address that nobody else comes from. */
class Machine {
  constructor(certificate) {
    machines += 1;
    this.address = `127.0.${1 + Math.floor(machines / 200)}.${1 + (machines % 200)}`;
    this.agent = new https.Agent({
      keepAlive: true,
      localAddress: this.address,
      servername: NAME,
      ca: certificate,
      lookup: (_, options, callback) =>
        options.all ? callback(null, [{ address: "127.0.0.1", family: 4 }]) : callback(null, "127.0.0.1", 4),
    });
  }

  /** A request to nginx by its public name. */
  request(port, target, { headers, method, body } = {}) {
    return new Promise((resolve, reject) => {
      const url = `https://${NAME}:${port}${target}`;
      const call = https.request(url, { agent: this.agent, method, headers }, (response) => {
        const parts = [];
        response.on("data", (part) => parts.push(part));
        response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts).toString() }));
        response.on("error", reject);
      });
      call.on("error", reject);
      call.end(body);
    });
  }

  close() {
    this.agent.destroy();
  }
}

/** Two processes, nginx in front of them, and whoever wants to know what happens behind. */
class Site {
  async open(folder, pages, change = (text) => text) {
    fs.mkdirSync(folder);
    this.nodes = await Promise.all([0, 1].map(() => start([program], "interop-proxied")));
    const ports = { http: await freePort(), https: await freePort(), nodes: this.nodes.map(({ port }) => port) };
    Object.assign(this, { ports, url: `https://${NAME}:${ports.https}` });
    const files = nginx.makeCertificate(folder);
    this.certificate = fs.readFileSync(files.certificate);
    const text = nginx.substituted(change(nginx.recommended()), { ports, pages, ...files });
    this.nginx = await nginx.start(folder, text, [ports.http, ports.https]);
    // One who asks each process past nginx.
    this.watchers = this.nodes.map((node) => new Peer(node, CLIENTS[CLIENTS.length - 1], "websocket"));
    this.asked = await Promise.all(this.watchers.map((watcher) => watcher.join()));
    return this;
  }

  /** Which processes have this socket. */
  async holders(id) {
    const held = await Promise.all(this.nodes.map((node, i) => (node.isRunning() ? askOne(this.asked[i], "fetch", id) : [])));
    return held.flatMap((ids, i) => (ids.includes(id) ? [i] : []));
  }

  async close() {
    this.watchers.forEach((watcher) => watcher.close());
    await this.nginx.stop();
    await Promise.all(this.nodes.filter((node) => node.isRunning()).map((node) => node.stop()));
  }
}

/** A client of one version on a machine of its own. */
function visitor(site, client, way) {
  const machine = new Machine(site.certificate);
  const peer = new Peer(site, client, way);
  return {
    machine,
    join: (options) => peer.join("/", { agent: machine.agent, ...options }),
    close: () => (peer.close(), machine.close()),
  };
}

/** Every version by every way: all requests of a session come to one process, and nginx says who it is. */
async function everyClient(site) {
  const used = new Set();
  const work = CLIENTS.flatMap((client) => Object.keys(WAYS).map((way) => async () => {
    await check(`socket.io-client ${client.name}`, way, "through nginx", async () => {
      const guest = visitor(site, client, way);
      const socket = await guest.join();
      const { secure, address, url } = await askOne(socket, "handshake");
      assert.deepStrictEqual([secure, address], [true, guest.machine.address]);
      assert.match(url, /^\/socket\.io\/\?/);
      const got = collect(socket, "seq");
      for (let round = 0; round < 4; round++) {
        const end = next(socket, "flood-end");
        socket.emit("flood", 100);
        for (let i = 0; i < 100; i++) socket.emit("count", round * 100 + i);
        await end;
      }
      assert.deepStrictEqual(got.map(([, i]) => i), Array.from({ length: 400 }, (_, i) => i % 100));
      assert.deepStrictEqual(await askOne(socket, "count-result"), { n: 400, ordered: true });
      // What is as large as the server takes, passes: by polling a third more than it is.
      const [seen] = await askOne(socket, "describe", Buffer.alloc(700_000, 1));
      assert.strictEqual(seen, `bin:700000:${700_000 % 65536}`);
      const wanted = way === "polling" ? "polling" : "websocket";
      await until(async () => (await askOne(socket, "transport")) === wanted, wanted);
      const holders = await site.holders(socket.hello.sid);
      assert.strictEqual(holders.length, 1);
      if (way === "polling") used.add(holders[0]);
      guest.close();
    });
  }));
  await sideBySide(4, work);
  await check("nginx", "rules", "both processes are used", async () => {
    // So many addresses never hash to one process.
    for (let i = 0; i < 100 && used.size < 2; i++) {
      const guest = visitor(site, CLIENTS[CLIENTS.length - 1], "polling");
      used.add((await site.holders((await guest.join()).hello.sid))[0]);
      guest.close();
    }
    assert.deepStrictEqual([...used].sort(), [0, 1]);
  });
}

async function sideBySide(count, work) {
  const worker = async () => {
    while (work.length > 0) await work.shift()();
  };
  await Promise.all(Array.from({ length: count }, worker));
}

const POLL = "/socket.io/?EIO=4&transport=polling";

/** How a session that is polled again and again fares. */
async function pollAgain(site, times) {
  const machine = new Machine(site.certificate);
  const opened = await machine.request(site.ports.https, POLL);
  const { sid } = JSON.parse(opened.body.slice(1));
  const joined = await machine.request(site.ports.https, `${POLL}&sid=${sid}`, { method: "POST", body: "40" });
  const answers = [joined];
  for (let i = 0; i < times && answers.every(({ status }) => status === 200); i++) {
    answers.push(await machine.request(site.ports.https, `${POLL}&sid=${sid}`, { method: "POST", body: "42[\"count\",0]" }));
  }
  machine.close();
  return answers;
}

async function rules(site) {
  const rule = (what, run) => check("nginx", "rules", what, run);
  const from = async (run) => {
    const machine = new Machine(site.certificate);
    try {
      return await run(machine);
    } finally {
      machine.close();
    }
  };
  await rule("a session stays with its process", async () =>
    assert.deepStrictEqual((await pollAgain(site, 20)).map(({ status }) => status), Array(21).fill(200)));
  await rule("what a client says of itself is not believed", async () => {
    const forged = { "x-forwarded-for": "6.6.6.6", "x-forwarded-proto": "http", "x-forwarded-host": "evil.example" };
    for (const client of OLD_AND_NEW) {
      const guest = visitor(site, client, "websocket");
      const socket = await guest.join({ headers: forged });
      const { secure, address } = await askOne(socket, "handshake");
      assert.deepStrictEqual([secure, address], [true, guest.machine.address]);
      guest.close();
    }
    // Nor by a process that is reached past nginx.
    const headers = { ...forged, origin: "https://evil.example" };
    const answer = await request(`${site.nodes[0].url}${POLL}`, { headers, localAddress: "127.0.9.9" });
    assert.strictEqual(answer.status, 403);
  });
  await rule("pages of the site are let in, others are not", () => from(async (machine) => {
    const upgrade = { connection: "upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" };
    const at = (headers, target = POLL) => machine.request(site.ports.https, target, { headers });
    assert.strictEqual((await at({ origin: site.url })).status, 200);
    for (const origin of ["https://evil.example", `http://${NAME}:1`, "null"]) {
      for (const more of [{}, { "x-forwarded-host": "evil.example" }]) {
        assert.strictEqual((await at({ origin, ...more })).status, 403, origin);
        const socket = await at({ origin, ...more, ...upgrade }, "/socket.io/?EIO=4&transport=websocket");
        assert.strictEqual(socket.status, 403, origin);
      }
    }
  }));
  await rule("requests without TLS are sent to where it is", async () => {
    const answer = await request(`http://127.0.0.1:${site.ports.http}/x?y`, { headers: { host: NAME } });
    assert.deepStrictEqual([answer.status, answer.headers.location], [301, `https://${NAME}/x?y`]);
  });
  await rule("pages are served beside", () => from(async (machine) => {
    assert.strictEqual((await machine.request(site.ports.https, "/page.js")).status, 200);
    assert.strictEqual((await machine.request(site.ports.https, "/nothing")).status, 404);
  }));
  await rule("what is too large is refused", () => from(async (machine) => {
    const { sid } = JSON.parse((await machine.request(site.ports.https, POLL)).body.slice(1));
    const answer = machine.request(site.ports.https, `${POLL}&sid=${sid}`, { method: "POST", body: `4${"x".repeat(1_100_000)}` });
    // nginx closes the connection when it has said so, and whoever is still writing may not hear it.
    const status = await answer.then(({ status }) => status, ({ code }) => code);
    assert.ok([413, "EPIPE", "ECONNRESET"].includes(status), String(status));
  }));
}

/** The line that we say is needed is needed. */
async function withoutStickiness(folder, pages) {
  const site = await new Site().open(folder, pages, (text) => nginx.replaced(text, "    hash $remote_addr consistent;\n", ""));
  await check("nginx", "rules", "without `hash` a session is lost, and the answer says so", async () => {
    const answers = await pollAgain(site, 20);
    const { status, body } = answers[answers.length - 1];
    assert.deepStrictEqual([status, JSON.parse(body)], [400, { code: 1, message: "Session ID unknown" }]);
  });
  await check("nginx", "rules", "without `hash` WebSockets alone are well", async () => {
    for (const client of OLD_AND_NEW) {
      const guest = visitor(site, client, "websocket");
      assert.strictEqual(await askOne(await guest.join(), "echo-ack", "x"), "x");
      guest.close();
    }
  });
  await site.close();
}

/** Pages that nginx serves, over TLS and HTTP/2. */
async function browser(site, folder) {
  const port = site.ports.https;
  const context = await chromium.launchPersistentContext(path.join(folder, "profile"), {
    executablePath: argument("--chromium") ?? "/usr/bin/chromium", headless: true, ignoreHTTPSErrors: true,
    args: [...FLAGS, `--host-resolver-rules=MAP ${NAME} 127.0.0.1`],
  });
  const work = BUNDLES.filter(({ isMain }) => isMain).map((bundle) => async () => {
    const page = await context.newPage();
    await page.goto(`https://${NAME}:${port}/${bundle.page}`);
    for (const way of Object.keys(WAYS)) {
      await check(bundle.peer, way, "through nginx", async () => {
        assert.strictEqual(await page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol"), "h2");
        for (const name of ["events", "binary", "acknowledgements"]) await play(page, bundle, name, { way });
      });
    }
    await page.close();
  });
  await sideBySide(3, work);
  await context.close();
}

/** A process goes away: its clients come back, at the other one. */
async function lostProcess(site) {
  const guests = await Promise.all(OLD_AND_NEW.flatMap((client) => Object.keys(WAYS).map(async (way) => {
    // From as many addresses as it takes to come to the process that will go.
    for (;;) {
      const guest = visitor(site, client, way);
      const socket = await guest.join({ reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 500 });
      if ((await site.holders(socket.hello.sid))[0] === 0) return { client, way, guest, socket };
      guest.close();
    }
  })));
  const back = guests.map(({ socket }) => next(socket, "welcome"));
  await site.nodes[0].stop();
  await Promise.all(guests.map(({ client, way, guest, socket }, i) =>
    check(`socket.io-client ${client.name}`, "lost process", way, async () => {
      const [hello] = await back[i];
      assert.deepStrictEqual(await site.holders(hello.sid), [1]);
      assert.strictEqual(await askOne(socket, "echo-ack", "x"), "x");
      guest.close();
    })));
}

/** 1,000 events each way on polling alone, while the client tries to get over to a WebSocket. */
async function withoutUpgrade() {
  const node = await start([program], "interop-proxied");
  const work = CLIENTS.map((client) => async () => {
    await check(`socket.io-client ${client.name}`, "no upgrade", "1,000 events each way", async () => {
      const between = await relay(node.port);
      const peer = new Peer(between, client, "upgrade");
      const socket = await peer.join();
      const got = collect(socket, "seq");
      const half = async (first) => {
        const end = next(socket, "flood-end");
        socket.emit("flood", 500);
        for (let i = 0; i < 500; i++) {
          socket.emit("count", first + i);
          // Many bodies, not one.
          if (i % 50 === 0) await ask(socket, "echo-ack");
        }
        await end;
      };
      await half(0);
      await until(() => between.stripped() > 0, "an attempt to upgrade");
      await half(500);
      assert.deepStrictEqual(got.map(([, i]) => i), Array.from({ length: 1000 }, (_, i) => i % 500));
      assert.deepStrictEqual(await askOne(socket, "count-result"), { n: 1000, ordered: true });
      assert.strictEqual(await askOne(socket, "transport"), "polling");
      peer.close();
      await between.stop();
    });
  });
  await sideBySide(4, work);
  await node.stop();
}

async function main() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "interop-proxy-"));
  const pages = path.join(folder, "pages");
  fs.mkdirSync(pages);
  writePages(pages);
  const site = await new Site().open(path.join(folder, "site"), pages);
  for (const part of [everyClient, rules, browser, lostProcess]) {
    await part(site, folder).catch((error) => results.add({ peer: "nginx", label: part.name, error: error.stack }));
  }
  await site.close();
  await withoutStickiness(path.join(folder, "without"), pages);
  await withoutUpgrade();
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit(results.report() ? 0 : 1);
}

main().catch((error) => {
  console.error(error);
  console.log("0 passed, 1 failed");
  process.exit(1);
});
