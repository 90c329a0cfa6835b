// A server of the reference: node node.js <package> <port> [msgpack|recovery]
// It says "listening <port>" when it is ready.

const http = require("node:http");

const [name, port, variant] = process.argv.slice(2);
const { Server } = require(name);

const options = { pingInterval: 1000, pingTimeout: 20000, maxHttpBufferSize: 5e6 };
if (variant === "msgpack") options.parser = require("socket.io-msgpack-parser");
if (variant === "recovery") options.connectionStateRecovery = { maxDisconnectionDuration: 10000 };

const server = http.createServer();
const io = name.endsWith("2.5") ? require(name)(server, options) : new Server(server, options);
const reasons = new Map();

function describe(value) {
  if (Buffer.isBuffer(value)) return `bin:${value.length}:${value.reduce((sum, byte) => (sum + byte) % 65536, 0)}`;
  if (Array.isArray(value)) return value.map(describe);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, describe(inner)]));
  }
  return value;
}

function bytes(n) {
  return Buffer.from(Array.from({ length: n }, (_, i) => i % 256));
}

function handle(socket) {
  const count = [];
  const auth = socket.handshake.auth || {};
  socket.emit("welcome", { sid: socket.id, auth, query: socket.handshake.query, recovered: Boolean(socket.recovered) });
  socket.on("echo", (...args) => socket.emit("echo-back", ...args));
  socket.on("echo-ack", (...args) => args.pop()(...args));
  socket.on("describe", (...args) => args.pop()(args.map(describe)));
  socket.on("ask-me", (...args) => socket.emit("question", ...args, (...answer) => socket.emit("answer", ...answer)));
  socket.on("push-binary", (n) => socket.emit("binary", bytes(n)));
  socket.on("push-text", (n) => socket.emit("text", "x".repeat(n)));
  socket.on("flood", (n) => {
    for (let i = 0; i < n; i++) socket.emit("seq", i);
    socket.emit("flood-end", n);
  });
  socket.on("flood-binary", (n) => {
    for (let i = 0; i < n; i++) socket.emit("bseq", i, bytes(i + 1).subarray(i));
    socket.emit("flood-end", n);
  });
  socket.on("count", (i) => count.push(i));
  socket.on("count-result", (ack) => ack({ n: count.length, ordered: count.every((value, i) => value === i) }));
  socket.on("header", (ack) => ack(socket.handshake.headers["x-probe"] || null));
  socket.on("join", (room, ack) => {
    socket.join(room);
    ack(true);
  });
  socket.on("later", (room, ms) => setTimeout(() => io.to(room).emit("missed", room), ms));
  socket.on("ticks", (room, every) => {
    const timer = setInterval(() => {
      socket.data.tick = (socket.data.tick ?? -1) + 1;
      io.to(room).emit("tick", socket.data.tick, socket.data.tick % 5 ? null : bytes(3));
    }, every);
    socket.on("disconnect", () => clearInterval(timer));
  });
  socket.on("tick-number", () => socket.emit("tick-number", socket.data.tick));
  socket.on("kick", () => socket.disconnect());
  socket.on("kick-hard", () => socket.disconnect(true));
  socket.on("cut", () => socket.conn.close());
  socket.on("never-ack", () => {});
  socket.on("reason-of", (id, ack) => ack(reasons.get(id) || null));
  socket.on("disconnect", (reason) => reasons.set(socket.id, reason));
}

io.of("/").on("connection", handle);
io.of("/chat").on("connection", handle);
const admin = io.of("/admin");
admin.use((socket, next) => {
  const shown = (socket.handshake.auth && socket.handshake.auth.token) || socket.handshake.query.token;
  if (shown === "secret") return next();
  const error = new Error("unauthorized");
  error.data = { code: 401 };
  next(error);
});
admin.on("connection", handle);

server.listen(Number(port), "127.0.0.1", () => console.log(`listening ${server.address().port}`));
