"use strict";

// The server that the tests are tested on: the npm package, in the profiles that our own program has. A test that fails
// here is wrong, whatever our server does.
//
//   node reference.js --profile interop|interop-msgpack --port N

const http = require("http");
const { Server } = require("server-4.8");

const option = (name) => process.argv[process.argv.indexOf(name) + 1];
const profile = option("--profile");
const port = Number(option("--port"));

const server = http.createServer((request, response) => {
  response.statusCode = request.url === "/healthz" ? 200 : 404;
  response.end(request.url === "/healthz" ? "ok" : "");
});

const io = new Server(server, {
  pingInterval: 2000,
  pingTimeout: 4000,
  maxHttpBufferSize: 5e6,
  allowEIO3: true,
  serveClient: false,
  cors: { origin: true, credentials: true },
  ...(profile === "interop-msgpack" ? { parser: require("msgpack-3.0") } : {}),
  ...(profile === "interop-csr" ? { connectionStateRecovery: { maxDisconnectionDuration: 10000 } } : {}),
});

const ENGINE_PARAMETERS = ["EIO", "transport", "sid", "t", "b64", "j"];
const ended = new Map();

const sum = (bytes) => bytes.reduce((total, byte) => (total + byte) % 65536, 0);

function describe(value) {
  if (value instanceof ArrayBuffer) value = Buffer.from(value);
  if (ArrayBuffer.isView(value)) return `bin:${value.length}:${sum(value)}`;
  if (Array.isArray(value)) return value.map(describe);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, describe(inner)]));
  }
  return value;
}

const ownQuery = (socket) =>
  Object.fromEntries(Object.entries(socket.handshake.query).filter(([key]) => !ENGINE_PARAMETERS.includes(key)));

/** Clients close the connection when they are sent an event without a name. */
function name(event) {
  if (typeof event !== "string") throw new TypeError("an event has a name");
  return event;
}

const roomsOf = (socket) => [...socket.rooms].filter((room) => room !== socket.id).sort();

function refuse(message, data) {
  return Object.assign(new Error(message), { data });
}

function handle(nsp) {
  nsp.on("connection", (socket) => {
    const answer = (event, handler) =>
      socket.on(event, async (...args) => {
        const callback = typeof args[args.length - 1] === "function" ? args.pop() : () => {};
        try {
          callback(...(await handler(...args)));
        } catch {
          // Arguments of a wrong kind: nothing need be answered.
        }
      });
    const act = (event, handler) =>
      socket.on(event, (...args) => {
        if (typeof args[args.length - 1] === "function") args.pop();
        try {
          handler(...args);
        } catch {
          // The same.
        }
      });

    let numbers = [];
    let [before, last] = [null, null];
    socket.onAny((event, ...args) => {
      const count = args.filter((argument) => typeof argument !== "function").length;
      [before, last] = [last, { event, args: count }];
    });
    socket.use(([event], next) => {
      if (event !== "forbidden") return next();
      socket.emit("mw-error", "forbidden event");
      next(new Error("forbidden event"));
    });
    socket.on("disconnecting", (reason) => ended.set(socket.id, [reason, roomsOf(socket)]));

    act("echo", (...args) => socket.emit("echo-back", ...args));
    answer("echo-ack", (...args) => args);
    answer("describe", (...args) => [describe(args)]);
    act("ask-me", (...args) => socket.emit("question", ...args, (...replies) => socket.emit("answer", ...replies)));
    act("ask-timeout", (ms) =>
      socket.timeout(ms).emit("silent", (error) => socket.emit(error ? "timed-out" : "not-timed-out")));
    act("push-binary", (n) => socket.emit("binary", Buffer.from(Array.from({ length: n }, (_, i) => i % 256))));
    act("push-text", (n) => socket.emit("text", "x".repeat(n)));
    act("flood", (n) => {
      for (let i = 0; i < n; i++) socket.emit("seq", i);
      socket.emit("flood-end", n);
    });
    act("flood-binary", (n) => {
      for (let i = 0; i < n; i++) socket.emit("bseq", i, Buffer.from([i % 256]));
      socket.emit("flood-end", n);
    });
    act("count", (i) => numbers.push(i));
    answer("count-result", () => {
      const result = { n: numbers.length, ordered: numbers.every((number, i) => number === i) };
      numbers = [];
      return [result];
    });
    answer("transport", () => [socket.conn.transport.name]);
    answer("handshake", () => {
      const { auth, headers, url, secure, xdomain, address, issued, time } = socket.handshake;
      const header = headers["x-probe"] ?? null;
      return [{ auth, query: ownQuery(socket), header, url, secure, xdomain, address, issued, time }];
    });
    answer("join", async (room) => [(await socket.join(room), roomsOf(socket))]);
    answer("leave", async (room) => [(await socket.leave(room), roomsOf(socket))]);
    answer("rooms", () => [roomsOf(socket)]);
    act("to-room", (room, event, ...args) => socket.to(room).emit(name(event), ...args));
    act("to-rooms", (rooms, event, ...args) => socket.to(rooms).emit(name(event), ...args));
    act("in-room", (room, event, ...args) => nsp.in(room).emit(name(event), ...args));
    act("to-except", (room, other, event, ...args) => socket.to(room).except(other).emit(name(event), ...args));
    act("to-sid", (id, event, ...args) => nsp.to(id).emit(name(event), ...args));
    act("broadcast", (event, ...args) => socket.broadcast.emit(name(event), ...args));
    act("to-all", (event, ...args) => nsp.emit(name(event), ...args));
    act("volatile", (event, ...args) => socket.volatile.emit(name(event), ...args));
    answer("room-ask", (room, ms, event, argument) =>
      new Promise((resolve) =>
        nsp.in(room).timeout(ms).emit(name(event), argument, (error, replies) => resolve([!!error, replies]))));
    answer("fetch", async (room) => [(await nsp.in(room).fetchSockets()).map(({ id }) => id).sort()]);
    answer("sockets-join", (room, other) => (nsp.in(room).socketsJoin(other), []));
    answer("sockets-leave", (room, other) => (nsp.in(room).socketsLeave(other), []));
    act("disconnect-sockets", (room, close) => nsp.in(room).disconnectSockets(close));
    answer("last-any", () => [before ?? { event: null, args: 0 }]);
    act("kick", () => socket.disconnect());
    act("kick-hard", () => socket.disconnect(true));
    answer("reason-of", (id) => ended.get(id) ?? [null, []]);

    socket.emit("welcome", {
      sid: socket.id,
      ns: nsp.name,
      eio: socket.conn.protocol,
      transport: socket.conn.transport.name,
      auth: socket.handshake.auth,
      query: ownQuery(socket),
      recovered: socket.recovered,
    });
  });
}

io.of("/").use((socket, next) => {
  const failed = socket.handshake.auth.fail || socket.handshake.query.fail;
  next(failed ? refuse("denied", { code: 403, why: "fail" }) : undefined);
});
io.of("/admin").use((socket, next) =>
  next(socket.handshake.auth.token === "secret" ? undefined : refuse("unauthorized", { code: 401 })));
for (const name of ["/", "/chat", "/admin"]) handle(io.of(name));
// Handlers of a parent namespace get sockets whose own namespace is the child.
const dynamic = io.of(/^\/dyn-[0-9]+$/);
dynamic.on("connection", () => {});
io.on("new_namespace", (nsp) => {
  if (nsp.name.startsWith("/dyn-")) handle(nsp);
});

process.on("SIGTERM", () => process.exit(0));
server.listen(port, "127.0.0.1", () => console.log(`LISTENING ${server.address().port}`));
