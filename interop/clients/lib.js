"use strict";

// What scenarios are made of: servers that are started, clients of several versions behind one surface, expectations.

const assert = require("assert");
const { spawn } = require("child_process");
const http = require("http");
const net = require("net");
const readline = require("readline");

/** The clients, oldest first. `eio` is the revision of Engine.IO that they speak. */
const CLIENTS = [
  { name: "2.2.0", io: require("client-2.2"), eio: 3 },
  { name: "2.3.0", io: require("client-2.3"), eio: 3 },
  { name: "2.5.0", io: require("client-2.5"), eio: 3 },
  { name: "3.1.3", io: require("client-3.1"), eio: 4 },
  { name: "4.0.1", io: require("client-4.0"), eio: 4 },
  { name: "4.5.4", io: require("client-4.5"), eio: 4 },
  { name: "4.8.4", io: require("client-4.8"), eio: 4 },
];

/** How a client gets to the server. With `upgrade` it begins with polling and goes over. */
const WAYS = {
  polling: ["polling"],
  websocket: ["websocket"],
  upgrade: ["polling", "websocket"],
};

/** Nothing takes this long, however busy the machine is. */
const WAIT = 30000;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What follows `name` on the command line. */
function argument(name) {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

function within(promise, what, ms = WAIT) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come within ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/**
 * A port that was free a moment ago. It is below those that systems give to outgoing connections, so that it still is when
 * the server has it, and when a server comes back to it.
 */
async function freePort() {
  for (;;) {
    const port = 20000 + Math.floor(Math.random() * 12000);
    const isFree = await new Promise((resolve) => {
      const probe = net.createServer();
      probe.once("error", () => resolve(false));
      probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}

/** Has a process end with this one, however this one ends. */
function tie(child) {
  if (!isTied) {
    isTied = true;
    process.once("exit", () => tied.forEach((each) => each.kill("SIGTERM")));
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));
  }
  tied.add(child);
  child.once("exit", () => tied.delete(child));
}
const tied = new Set();
let isTied = false;

/** Starts a server and waits until it says where it listens: on a port that the system chooses, unless one is named. */
async function start(command, profile, { port: wanted = 0, files } = {}) {
  const [program, ...fixed] = command;
  const folder = files ? ["--static", files] : [];
  const child = spawn(program, [...fixed, "--profile", profile, "--port", String(wanted), ...folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  tie(child);
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
  const lines = readline.createInterface({ input: child.stdout });
  const listening = new Promise((resolve) => lines.on("line", (line) => {
    const [, port] = /^LISTENING (\d+)$/.exec(line) ?? [];
    if (port) resolve(Number(port));
  }));
  const early = ended.then(({ code }) => {
    throw new Error(`the server ended with ${code} before it listened`);
  });
  const port = await within(Promise.race([listening, early]), "LISTENING");
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    async stop() {
      child.kill("SIGTERM");
      const how = await within(ended, "the end of the server");
      assert.ok(how.signal === null || how.signal === "SIGTERM", `the server ended by ${how.signal}`);
    },
  };
}

/** One client of one version on its way to one server, and everything that it opens. */
class Peer {
  constructor(server, client, way, parser) {
    Object.assign(this, { server, client, way, parser, opened: [] });
  }

  /** Opens a namespace. Sockets of one peer have connections of their own unless they share a `manager`. */
  open(namespace = "/", { auth, query, headers, manager, ...more } = {}) {
    const options = {
      transports: WAYS[this.way],
      reconnection: false,
      forceNew: !manager,
      autoConnect: false,
      timeout: WAIT,
      ...(this.parser ? { parser: this.parser } : {}),
      ...(headers ? { extraHeaders: headers, transportOptions: { polling: { extraHeaders: headers } } } : {}),
      ...(query ? { query } : {}),
      ...(auth ? { auth } : {}),
      ...more,
    };
    let socket;
    if (manager) {
      socket = manager.socket(namespace, { auth, ...(query ? { query } : {}) });
    } else {
      socket = this.client.io(this.server.url + (namespace === "/" ? "" : namespace), options);
    }
    this.opened.push(socket);
    const welcome = new Promise((resolve) => socket.once("welcome", resolve));
    const refused = new Promise((resolve) => {
      socket.once("connect_error", resolve);
      socket.once("error", resolve);
    });
    const lost = new Promise((resolve) => socket.io.once("close", resolve));
    socket.connect();
    return { socket, welcome, refused, lost };
  }

  /** Opens a namespace and waits until the server has said hello. */
  async join(namespace, options) {
    const { socket, welcome, refused, lost } = this.open(namespace, options);
    const no = refused.then((error) => {
      throw new Error(`refused: ${error && (error.message ?? JSON.stringify(error))}`);
    });
    no.catch(() => {});
    const gone = lost.then((reason) => {
      throw new Error(`the connection was lost: ${reason}`);
    });
    gone.catch(() => {});
    socket.hello = await within(Promise.race([welcome, no, gone]), `the welcome of ${namespace ?? "/"}`);
    return socket;
  }

  /** Opens a namespace that is refused; what the client is told. */
  async refusal(namespace, options) {
    const { refused, welcome } = this.open(namespace, options);
    const yes = welcome.then(() => {
      throw new Error("was let in");
    });
    yes.catch(() => {});
    const error = await within(Promise.race([refused, yes]), "the refusal");
    // Clients 2.x give the payload itself, later ones an Error with `message` and `data`.
    return error instanceof Error ? { message: error.message, data: error.data } : { payload: error };
  }

  close() {
    for (const socket of this.opened) {
      socket.disconnect();
      socket.io.engine?.close?.();
    }
  }
}

/** Emits and waits for the acknowledgement. */
const ask = (socket, event, ...args) =>
  within(new Promise((resolve) => socket.emit(event, ...args, (...answer) => resolve(answer))), `the ack of ${event}`);

/** The first argument of the acknowledgement. */
const askOne = async (socket, ...args) => (await ask(socket, ...args))[0];

/** The arguments of the next event of this name. Call it before what causes the event. */
const next = (socket, event, ms) =>
  within(new Promise((resolve) => socket.once(event, (...args) => resolve(args))), `the event ${event}`, ms);

/** Collects the events of some names from now on. */
function collect(socket, ...events) {
  const got = [];
  for (const event of events) socket.on(event, (...args) => got.push([event, ...args]));
  return got;
}

/** Everything that this socket was sent before has arrived when this is over. */
const settle = (socket) => ask(socket, "echo-ack");

/**
 * The reference drops an event when the client leaves in the same breath, and a CONNECT right behind a DISCONNECT: both are
 * handled a turn later than they should be. There, and only there, a client has to wait a little.
 */
const patience = () => (process.argv.includes("--reference") ? sleep(200) : undefined);

async function until(condition, what, ms = WAIT) {
  const end = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what} did not happen within ${ms} ms`);
    await sleep(5);
  }
}

/** A plain HTTP request. */
function request(url, options = {}) {
  const sent = new Promise((resolve, reject) => {
    const call = http.request(url, { agent: false, ...options }, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts).toString() }));
    });
    call.on("error", reject);
    call.end(options.body);
  });
  return within(sent, `the answer of ${url}`);
}

module.exports = { CLIENTS, WAIT, WAYS, Peer, argument, ask, askOne, assert, collect, freePort, next, patience, request, settle, sleep, start, tie, until, within };
