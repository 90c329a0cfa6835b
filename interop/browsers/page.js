// What runs in the page: sockets of any version, and scenarios that end with what was seen. The judge is outside.
"use strict";

const WAIT = 30000;

const WAYS = {
  // Nothing is said about transports: what a page gets that asks for nothing.
  upgrade: {},
  polling: { transports: ["polling"] },
  websocket: { transports: ["websocket"] },
  jsonp: { transports: ["polling"], forceJSONP: true },
};

function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`${what} did not come`)), WAIT)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Opens a namespace at `url`; at the page's own server if it is empty. */
function open(url, way, options) {
  const all = { forceNew: true, reconnection: false, ...WAYS[way], ...options };
  return url ? io(url, all) : io(all);
}

/** Opens it and waits until the server has said hello. */
async function join(url, way, options) {
  const socket = open(url, way, options);
  const welcome = new Promise((resolve) => socket.on("welcome", resolve));
  const refused = new Promise((_, reject) => ["connect_error", "error"].forEach((name) =>
    socket.on(name, (error) => reject(new Error(`refused: ${error.message || JSON.stringify(error)}`)))));
  try {
    socket.hello = await within(Promise.race([welcome, refused]), "the welcome");
  } catch (error) {
    socket.disconnect();
    throw error;
  }
  return socket;
}

const ask = (socket, event, ...args) =>
  within(new Promise((resolve) => socket.emit(event, ...args, (...answer) => resolve(answer))), `the ack of ${event}`);

/** Waits until the socket has the transport that it will keep. */
async function settled(socket, way) {
  const wanted = way === "upgrade" || way === "websocket" ? "websocket" : "polling";
  const end = Date.now() + WAIT;
  while ((await ask(socket, "transport"))[0] !== wanted) {
    if (Date.now() > end) throw new Error(`it did not get to ${wanted}`);
  }
}

const next = (socket, event) =>
  within(new Promise((resolve) => socket.once(event, (...args) => resolve(args))), `the event ${event}`);

/** Binary data as numbers, whatever it is, which a test outside of the page can look at. */
function plain(value) {
  if (value instanceof ArrayBuffer) return { bytes: [...new Uint8Array(value)] };
  if (ArrayBuffer.isView(value)) return { bytes: [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)] };
  if (Array.isArray(value)) return value.map(plain);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
  }
  return value;
}

window.scenarios = {
  async events({ url, way }) {
    const socket = await join(url, way);
    const seen = { eio: socket.hello.eio, isId: socket.hello.sid === socket.id, echoes: [], order: [] };
    for (const args of [[], ["text"], [1, -2.5, null, true], [{ a: [1, { b: "ünï😀\u2028" }] }, []]]) {
      const back = next(socket, "echo-back");
      socket.emit("echo", ...args);
      seen.echoes.push(await back);
    }
    socket.on("seq", (i) => seen.order.push(i));
    const end = next(socket, "flood-end");
    socket.emit("flood", 200);
    for (let i = 0; i < 200; i++) socket.emit("count", i);
    await end;
    [seen.counted] = await ask(socket, "count-result");
    await settled(socket, way);
    socket.disconnect();
    return seen;
  },

  async binary({ url, way, eio }) {
    const socket = await join(url, way);
    const bytes = (...list) => Uint8Array.from(list).buffer;
    const blob = new Blob([bytes(7, 8)]);
    const back = next(socket, "echo-back");
    socket.emit("echo", bytes(1, 2, 255), { file: new File([bytes(0)], "name"), list: [blob, "x"] });
    const seen = { back: plain(await back) };
    // Clients 2.x send a typed array as an object.
    [seen.described] = await ask(socket, "describe", eio === 3 ? bytes(4, 5) : Uint8Array.from([4, 5]), { a: [bytes(6)] });
    const pushed = next(socket, "binary");
    socket.emit("push-binary", 100000);
    const [data] = await pushed;
    seen.pushed = [data instanceof ArrayBuffer, data.byteLength, new Uint8Array(data)[99999]];
    socket.disconnect();
    return seen;
  },

  async acknowledgements({ url, way }) {
    const socket = await join(url, way);
    const seen = { answers: [] };
    const answers = Array.from({ length: 20 }, (_, i) => ask(socket, "echo-ack", i, "x").then((a) => seen.answers.push(a)));
    await Promise.all(answers);
    socket.on("question", (...args) => args.pop()(...args, "and more"));
    const answered = next(socket, "answer");
    socket.emit("ask-me", "why", 1);
    seen.answered = await answered;
    socket.disconnect();
    return seen;
  },

  async namespaces({ url, way, eio }) {
    const at = url || location.origin;
    const [chat, refusal] = await Promise.all([
      eio === 3 ? join(`${at}/chat?token=t`, way) : join(`${at}/chat`, way, { auth: { token: "t" } }),
      join(at, way, { query: { fail: "1" } }).then(() => "let in", (error) => error.message),
    ]);
    const seen = { hello: chat.hello, refusal };
    chat.disconnect();
    return seen;
  },

  /** Whether the page is let in at all. */
  async knock({ url, way }) {
    const socket = open(url, way);
    const heard = [];
    for (const event of ["connect", "welcome"]) socket.on(event, () => heard.push(event));
    const error = new Promise((resolve) => socket.on("connect_error", resolve));
    const welcome = new Promise((resolve) => socket.on("welcome", resolve));
    const refused = await within(Promise.race([error.then(() => true), welcome.then(() => false)]), "an answer");
    socket.disconnect();
    return { refused, heard };
  },

  /** Opens a socket that comes back by itself; `later` asks how it went. */
  async lasting({ way }) {
    const socket = await join("", way, { reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 500 });
    // A client in the middle of an upgrade notices only by the missing pings that the server is gone.
    await settled(socket, way);
    const kept = { first: socket.hello.sid, lost: next(socket, "disconnect"), second: next(socket, "welcome"), socket };
    (window.kept = window.kept || {})[way] = kept;
  },

  async lost({ way }) {
    const { lost, socket } = window.kept[way];
    const [reason] = await lost;
    // What is said while nobody listens is said later.
    window.kept[way].answer = ask(socket, "echo-ack", "said while away");
    return reason;
  },

  async returned({ way }) {
    const { socket, first, second, answer } = window.kept[way];
    const [hello] = await second;
    const seen = { isNew: hello.sid !== first, answer: await answer };
    socket.disconnect();
    return seen;
  },
};
