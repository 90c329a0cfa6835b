"use strict";

// Each client of the tutorials does what their pages do, with each server, in each way to connect.

const assert = require("assert");
const { spawn } = require("child_process");
const readline = require("readline");

const program = process.argv[2];
const CLIENTS = ["2.2.0", "2.3.0", "4.0.1", "4.5.4"];
const WAYS = { polling: ["polling"], websocket: ["websocket"], upgrade: ["polling", "websocket"] };

/** Whatever is waited for comes much sooner; this is how long a slow machine may take. */
const WAIT = 30000;

function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`${what} did not come`)), WAIT)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Starts one of the servers. */
async function start(name) {
  const child = spawn(program, [name, "0"], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = readline.createInterface({ input: child.stdout });
  const url = await within(
    new Promise((resolve, reject) => {
      lines.on("line", (line) => line.startsWith("listening on ") && resolve(line.slice(13)));
      child.once("exit", (code) => reject(new Error(`${name} ended with ${code}`)));
    }),
    `the address of ${name}`,
  );
  return { url, stop: () => child.kill() };
}

/** A client that keeps what it hears, in order. */
class Page {
  constructor(server, { version, way }, namespace = "", options = {}) {
    const io = require(`client-${version}`);
    this.socket = io.connect(server.url + namespace, { transports: WAYS[way], forceNew: true, reconnection: false, ...options });
    this.heard = [];
    this.waiting = [];
    this.old = version.startsWith("2.");
    this.connected = within(
      new Promise((resolve, reject) => {
        this.socket.on("connect", resolve);
        for (const event of ["connect_error", "error"]) this.socket.on(event, reject);
      }),
      "the connection",
    );
    // What is sent at once leaves when it is connected; whoever waits for an answer is told if that never happens.
    this.connected.catch(() => {});
  }

  on(...names) {
    for (const name of names) {
      this.socket.on(name, (...args) => {
        const take = this.waiting.shift();
        if (take) take([name, ...args]);
        else this.heard.push([name, ...args]);
      });
    }
    return this;
  }

  emit(...args) {
    this.socket.emit(...args);
    return this;
  }

  ask(...args) {
    return within(new Promise((resolve) => this.socket.emit(...args, (...answer) => resolve(answer))), `the answer to ${args[0]}`);
  }

  /** The next event is this one. */
  async hears(...expected) {
    const next = this.heard.length ? this.heard.shift() : await within(new Promise((resolve) => this.waiting.push(resolve)), expected[0]);
    assert.deepStrictEqual(next, expected);
  }

  close() {
    this.socket.close();
  }
}

const SCENARIOS = {
  async "two-languages"(open) {
    const page = open().on("response");
    // In the callback of `connect`, as the page does.
    page.socket.on("connect", () => page.emit("message", "Hello, server! é😀"));
    const other = open().on("response");
    await page.hears("response", { response: "my response" });
    await other.connected;
    other.emit("message", "x");
    await other.hears("response", { response: "my response" });
    assert.deepStrictEqual([page.heard, other.heard], [[], []]);
  },

  async practical(open) {
    const root = open().on("json");
    await root.connected;
    root.emit("message", { data: "I am connected" });
    root.emit("json", { a: [1, { b: null }] });
    await root.hears("json", { a: [1, { b: null }] });
    const [same] = await root.ask("user-connected", { id: root.socket.id, user: { username: "ann", email: "a@example.com", id: 1 } });
    assert.strictEqual(same, true);

    const ann = open("/user", root.old ? { query: { token: "T" } } : { auth: { token: "T" } });
    ann.on("my response", "joined", "ann has left the room.");
    const user = { username: "ann", email: "a@example.com", id: 1 };
    ann.socket.on("new-user", (who, called) => {
      // Asked, it calls back with two arguments; told, there is nobody to be called.
      if (called) called("got", 7);
    });
    await ann.connected;
    // In protocol 4 the query of the page is what a namespace is shown, in protocol 5 it is `auth`.
    await ann.hears("my response", { data: "T" });
    assert.deepStrictEqual(await ann.ask("register", user), [["got", 7]]);
    assert.ok(root.old ? ann.socket.id.startsWith("/user#") : !ann.socket.id.includes("#"));
    const bob = open("/user").on("my response", "new-user", "ann has left the room.");
    await bob.hears("my response", { data: "no token" });
    const outside = open("/user").on("my response", "new-user");
    await outside.hears("my response", { data: "no token" });
    bob.emit("join-room", { id: "1", roomName: "r", user: { ...user, username: "bob" } });
    await bob.hears("new-user", { ...user, username: "bob" });
    ann.emit("join-room", { id: "2", roomName: "r", user });
    await bob.hears("new-user", user);
    assert.deepStrictEqual(await ann.ask("leave-room", { room: "r", user }), [1]);
    await bob.hears("ann has left the room.");
    assert.deepStrictEqual([ann.heard, outside.heard], [[], []]);

    const chat = [open("/chat").on("new-message"), open("/chat").on("new-message")];
    for (const page of chat) await page.connected;
    chat[0].socket.send("<b>hi</b>");
    for (const page of chat) await page.hears("new-message", "<b>hi</b>");
  },

  async messaging(open) {
    const room = `${Math.random()}`;
    const [page, other] = [open().on("stateChanges", "my event"), open().on("stateChanges", "my event")];
    for (const each of [page, other]) await each.connected;
    assert.deepStrictEqual(await page.ask("my-event-a"), ["done"]);
    assert.deepStrictEqual(await page.ask("a/b,c?x=1", 1, { two: 2 }), ["a/b,c?x=1", 2]);
    page.on("newMessage/7");
    other.emit("say", 8, room).emit("say", 7, room);
    await page.hears("newMessage/7", room);
    assert.deepStrictEqual(await page.ask("join", 7), [true]);
    other.emit("click", 7, "cat").emit("from outside");
    await page.hears("stateChanges", "cat");
    await page.hears("my event", { text: 22 });
    await other.hears("my event", { text: 22 });
    page.on("all_messages");
    other.emit("send_message", { content: room });
    const [, { messages }] = await within(new Promise((resolve) => page.waiting.push(resolve)), "all_messages");
    assert.strictEqual(messages.at(-1), room);
  },

  async "cheat-sheet"(open) {
    const page = open().on("message", "json", "private", "to all");
    page.emit("my event", { data: "I'm connected!" });
    page.socket.send("x");
    page.emit("json", { y: 1 });
    await page.hears("message", "x");
    await page.hears("json", { y: 1 });
    assert.deepStrictEqual(await page.ask("custom_event1", 1, [2], { c: 3 }), ["one", 6]);
    assert.deepStrictEqual(await page.ask("custom_event1", 1, [2], { c: 3 }, "more"), ["one", 6]);
    const [{ error }] = await page.ask("custom_event1", 1);
    assert.match(error, /argument|length|tuple/);
    const [bytes] = await page.ask("handle_my_custom_event2", Buffer.from([0, 1, 255]));
    assert.deepStrictEqual([...bytes], [0, 1, 255]);
    assert.deepStrictEqual(await page.ask("register"), [true]);
    const test = open("/test").on("from my_function_handler");
    test.emit("my event", [1]);
    await test.hears("from my_function_handler", [1]);
    const other = open().on("private");
    await other.connected;
    assert.deepStrictEqual(await page.ask("private", other.socket.id, "psst"), [true]);
    await other.hears("private", page.socket.id, "psst");
    assert.deepStrictEqual(page.heard, []);
  },

  async overview(open) {
    // Emits before it is connected, and listens afterwards.
    const page = open().emit("message", "Hello Server").on("response");
    await page.hears("response", { msg: "Hello Server" });
    const other = open().on("response");
    await other.connected;
    page.emit("message", { a: 1 });
    for (const each of [page, other]) await each.hears("response", { msg: { a: 1 } });
  },
};

let passed = 0;
let failed = 0;
async function check(name, server, run) {
  const pages = [];
  try {
    await run((how, namespace, options) => {
      const page = new Page(server, how, namespace, options);
      pages.push(page);
      return page;
    });
    passed += 1;
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}: ${error.stack ?? error}`);
  }
  for (const page of pages) page.close();
}

async function main() {
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    const server = await start(name);
    for (const version of CLIENTS) {
      const before = failed;
      for (const way of Object.keys(WAYS)) {
        await check(`${name}, ${version}, ${way}`, server, (open) => scenario((namespace, options) => open({ version, way }, namespace, options)));
      }
      console.log(`${failed === before ? "ok     " : "FAILED "} ${name.padEnd(14)} ${version}  ${Object.keys(WAYS).join(", ")}`);
    }
    server.stop();
  }

  const server = await start("cheat-sheet");
  const before = failed;
  await check("all in one room", server, async (open) => {
    const pages = CLIENTS.flatMap((version) => Object.keys(WAYS).map((way) => open({ version, way }).on("from room")));
    for (const page of pages) await page.connected;
    for (const page of pages) assert.deepStrictEqual(await page.ask("join", "all"), [2]);
    const outside = open({ version: "4.5.4", way: "polling" }).on("from room", "to all");
    await outside.connected;
    for (const [at, page] of pages.entries()) {
      const what = [`é😀 "${at}"`, { bytes: Buffer.from([at, 0, 255]) }];
      page.emit("to room", "all", what);
      for (const each of pages) await each.hears("from room", "all", page.socket.id, what);
    }
    pages[0].emit("to all", "end");
    await outside.hears("to all", "end");
  });
  console.log(`${failed === before ? "ok     " : "FAILED "} all of them in one room, each heard by all, with text beyond ASCII and bytes`);
  server.stop();
}

main()
  .catch((error) => {
    failed += 1;
    console.error(error);
  })
  .finally(() => {
    console.log(`${passed} passed, ${failed} failed`);
    process.exit(failed === 0 ? 0 : 1);
  });
