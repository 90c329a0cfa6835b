"use strict";

// Drives Chromium: each bundle in a page of its own, against our server.
//
//   node run.js --server PATH [--chromium PATH] [--only TEXT]
//
// The last line is "N passed, M failed".

const fs = require("fs");
const os = require("os");
const path = require("path");
const { pathToFileURL } = require("url");
const { chromium } = require("playwright-core");
const { argument, assert, freePort, start, within } = require("../clients/lib.js");
const { Results } = require("../clients/table.js");
const { BUNDLES, writePages } = require("./bundles.js");
const { FLAGS, play } = require("./chromium.js");
const { EXPECTED } = require("./scenarios.js");

const program = argument("--server");
const only = argument("--only") ?? "";
if (!program) {
  console.error("usage: node run.js --server PATH [--chromium PATH] [--only TEXT]");
  process.exit(2);
}

const GROUPS = ["load", "same origin", "JSONP", "cross origin", "refused", "reconnection"];
const MAIN = BUNDLES.filter(({ isMain }) => isMain);
/** How many pages are busy at the same time. */
const SIDE_BY_SIDE = 3;

class Bench {
  constructor(browser, servers, folder) {
    Object.assign(this, { browser, servers, folder, results: new Results(GROUPS, only) });
  }

  /** Runs one scenario and counts it. */
  check(bundle, group, what, run) {
    return this.results.check(bundle.peer, group, what, run);
  }

  /** A page of a bundle, loaded from one of the servers. */
  async page(bundle, server, prefix = "") {
    const page = await this.browser.newPage();
    await page.goto(server ? `${server.url}/${prefix}${bundle.page}` : this.file(bundle));
    return page;
  }

  file(bundle) {
    return pathToFileURL(path.join(this.folder, `file-${bundle.page}`)).href;
  }

  /** Everything that one bundle does by itself. */
  async bundle(bundle) {
    const own = bundle.isMsgpack ? this.servers.msgpack : this.servers.open;
    const page = await this.page(bundle, own);
    await this.check(bundle, "load", "it loads and talks", async () => {
      await page.waitForFunction("window.io");
      await play(page, bundle, "events", { way: "upgrade" });
    });
    if (bundle.isMain) {
      await this.check(bundle, "load", "a damaged one does not load", async () => {
        const damaged = await this.page(bundle, own, "damaged-");
        assert.strictEqual(await damaged.evaluate("typeof io"), "undefined");
        await damaged.close();
      });
      await this.sameOrigin(bundle, page);
      await this.crossOrigin(bundle, page);
    }
    await page.close();
  }

  async sameOrigin(bundle, page) {
    for (const way of ["polling", "websocket", "upgrade"]) {
      for (const name of Object.keys(EXPECTED)) {
        await this.check(bundle, "same origin", `${name}, ${way}`, async () => {
          const types = name === "binary" ? bodies(page) : undefined;
          await play(page, bundle, name, { way });
          // Browsers send, and get, bodies of bytes from clients 2.x.
          if (types && bundle.eio === 3 && way === "polling") {
            assert.ok(types.sent.has("application/octet-stream"), [...types.sent].join());
            assert.ok(types.got.has("application/octet-stream"), [...types.got].join());
          }
          types?.stop();
        });
      }
    }
    if (bundle.eio === 4) return;
    for (const name of Object.keys(EXPECTED)) {
      await this.check(bundle, "JSONP", name, async () => {
        const requests = [];
        const note = (request) => {
          const query = new URL(request.url()).searchParams;
          requests.push({ type: `${request.method()} ${request.resourceType()}`, sid: query.get("sid"), isJsonp: query.has("j") });
        };
        page.on("request", note);
        await play(page, bundle, name, { way: "jsonp" });
        page.off("request", note);
        // All requests of its sessions, and none of those that other sockets of the page make meanwhile.
        const sids = requests.filter(({ isJsonp, sid }) => isJsonp && sid).map(({ sid }) => sid);
        const types = new Set(requests.filter(({ sid }) => sids.includes(sid)).map(({ type }) => type));
        assert.deepStrictEqual([...types].sort(), ["GET script", "POST document"]);
      });
    }
  }

  /** From a page of another origin: to a server that lets it in, and to one that does not. */
  async crossOrigin(bundle, own) {
    const { open, closed } = this.servers;
    const [foreign, file] = [await this.page(bundle, closed), await this.page(bundle)];
    for (const way of ["polling", "websocket", "upgrade"]) {
      for (const name of ["events", "binary", "acknowledgements"]) {
        await this.check(bundle, "cross origin", `${name}, ${way}`, () => play(foreign, bundle, name, { way, url: open.url }));
      }
      await this.check(bundle, "cross origin", `a page from a disk, ${way}`, () =>
        play(file, bundle, "acknowledgements", { way, url: open.url }));
      const refused = { refused: true, heard: [] };
      for (const [page, which] of [[own, "a page of another origin"], [file, "a page from a disk"]]) {
        await this.check(bundle, "refused", `${which}, ${way}`, async () =>
          assert.deepStrictEqual(await play(page, bundle, "knock", { way, url: closed.url }), refused));
      }
      await this.check(bundle, "refused", `but its own pages are let in, ${way}`, () =>
        play(foreign, bundle, "acknowledgements", { way }));
    }
    if (bundle.eio === 3) {
      for (const [page, which] of [[own, "a page of another origin"], [file, "a page from a disk"]]) {
        await this.check(bundle, "refused", `${which}, by script tags`, async () =>
          assert.deepStrictEqual(await play(page, bundle, "knock", { way: "jsonp", url: closed.url }), { refused: true, heard: [] }));
      }
      await this.check(bundle, "JSONP", "cross origin", () =>
        play(foreign, bundle, "acknowledgements", { way: "jsonp", url: open.url }));
    }
    await foreign.close();
    await file.close();
  }

  /** The server goes away and comes back while all pages are connected. */
  async reconnection(restart) {
    const ways = ["polling", "websocket", "upgrade"];
    const pages = await Promise.all(MAIN.map((bundle) => this.page(bundle, this.servers.restarted)));
    const each = (run) => Promise.all(MAIN.flatMap((bundle, i) => ways.map((way) => run(pages[i], bundle, way))));
    const failed = new Map();
    const attempt = (scenario, judge) => each(async (page, bundle, way) => {
      try {
        judge(await within(play(page, bundle, scenario, { way }), scenario, 120000));
      } catch (error) {
        failed.set(bundle.peer + way, error);
      }
    });
    await attempt("lasting", () => {});
    await restart.stop();
    await attempt("lost", (reason) => assert.ok(["transport close", "transport error"].includes(reason), reason));
    await restart.start();
    await attempt("returned", (seen) => assert.deepStrictEqual(seen, { isNew: true, answer: ["said while away"] }));
    await each((_, bundle, way) => this.check(bundle, "reconnection", way, async () => {
      const error = failed.get(bundle.peer + way);
      if (error) throw error;
    }));
    await Promise.all(pages.map((page) => page.close()));
  }
}

/** The content types of bodies that a page sends and gets. */
function bodies(page) {
  const [sent, got] = [new Set(), new Set()];
  const onRequest = (request) => request.method() === "POST" && sent.add((request.headers()["content-type"] ?? "").split(";")[0]);
  const onResponse = (response) => got.add((response.headers()["content-type"] ?? "").split(";")[0]);
  page.on("request", onRequest);
  page.on("response", onResponse);
  return { sent, got, stop: () => (page.off("request", onRequest), page.off("response", onResponse)) };
}

async function main() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "interop-browsers-"));
  const pages = path.join(folder, "pages");
  fs.mkdirSync(pages);
  writePages(pages);
  const serve = (profile, port) => start([program], profile, { files: pages, port });
  const port = await freePort();
  const [open, msgpack, closed, restarted, browser] = await Promise.all([
    serve("interop"), serve("interop-msgpack"), serve("interop-proxied"), serve("interop", port),
    chromium.launchPersistentContext(path.join(folder, "profile"), {
      executablePath: argument("--chromium") ?? "/usr/bin/chromium", headless: true, args: FLAGS,
    }),
  ]);
  const bench = new Bench(browser, { open, msgpack, closed, restarted }, pages);
  let again;
  await bench.reconnection({
    stop: () => restarted.stop(),
    start: async () => (again = await serve("interop", port)),
  });
  const waiting = [...BUNDLES].sort((a, b) => b.isMain - a.isMain);
  const work = async () => {
    while (waiting.length > 0) await bench.bundle(waiting.shift());
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  await browser.close();
  await Promise.all([open, msgpack, closed, again].map((server) => server.stop()));
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit(bench.results.report() ? 0 : 1);
}

main().catch((error) => {
  console.error(error);
  console.log("0 passed, 1 failed");
  process.exit(1);
});
