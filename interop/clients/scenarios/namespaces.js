"use strict";

// Who is let in where, and what the server knows of them.

const { askOne, assert, patience, settle, within } = require("../lib.js");

module.exports = [
  {
    name: "the server says hello with what it knows",
    async run(peer) {
      const socket = await peer.join("/", { query: { a: "1", ü: "x y" } });
      const { sid, ns, eio, transport, auth, query, recovered } = socket.hello;
      assert.strictEqual(sid, socket.id);
      assert.deepStrictEqual([ns, eio, recovered], ["/", peer.client.eio, false]);
      assert.deepStrictEqual(query, { a: "1", ü: "x y" });
      assert.deepStrictEqual(auth, {});
      assert.ok(transport === "polling" || transport === "websocket");
      if (peer.way !== "upgrade") assert.strictEqual(transport, peer.way);
    },
  },
  {
    name: "what is shown with CONNECT is seen",
    eio: 4,
    async run(peer) {
      const auth = { token: "t", list: [1, { a: null }] };
      const socket = await peer.join("/chat", { auth });
      assert.deepStrictEqual(socket.hello.auth, auth);
      assert.strictEqual(socket.hello.ns, "/chat");
      assert.strictEqual(socket.hello.sid, socket.id);
    },
  },
  {
    name: "the query behind a namespace is what an old client shows",
    eio: 3,
    async run(peer) {
      const socket = await peer.join("/chat?token=abc&x=1%202");
      assert.strictEqual(socket.hello.ns, "/chat");
      assert.deepStrictEqual(socket.hello.auth, { token: "abc", x: "1 2" });
      assert.strictEqual(socket.hello.sid, `/chat#${socket.io.engine.id}`);
    },
  },
  {
    name: "the id of an old client is the one of its connection",
    eio: 3,
    async run(peer) {
      const socket = await peer.join();
      assert.strictEqual(socket.hello.sid, socket.io.engine.id);
    },
  },
  {
    name: "the handshake is kept",
    async run(peer) {
      const before = Date.now();
      const socket = await peer.join("/", { headers: { "x-probe": "yes" }, query: { q: "1" } });
      const kept = await askOne(socket, "handshake");
      assert.deepStrictEqual([kept.query, kept.header, kept.secure], [{ q: "1" }, "yes", false]);
      assert.deepStrictEqual(kept.auth, {});
      assert.match(kept.url, /^\/socket\.io\/\?/);
      assert.match(kept.address, /^(::ffff:)?127\.0\.0\.1$/);
      assert.ok(Math.abs(kept.issued - before) < 60000, String(kept.issued));
      assert.ok(Math.abs(Date.parse(kept.time) - before) < 60000, kept.time);
      assert.strictEqual(kept.xdomain, false);
    },
  },
  {
    name: "namespaces share a connection and nothing else",
    async run(peer) {
      const root = await peer.join();
      const [chat, dyn] = await Promise.all([
        peer.join("/chat", { manager: root.io }),
        peer.join("/dyn-42", { manager: root.io }),
      ]);
      assert.deepStrictEqual([chat.hello.ns, dyn.hello.ns], ["/chat", "/dyn-42"]);
      await askOne(chat, "join", "r");
      assert.deepStrictEqual(await askOne(root, "rooms"), []);
      assert.deepStrictEqual(await askOne(root, "fetch", "r"), []);
      assert.deepStrictEqual(await askOne(chat, "fetch", "r"), [chat.id]);
      chat.disconnect();
      await settle(root);
      await settle(dyn);
    },
  },
  {
    name: "an unknown namespace is refused",
    async run(peer) {
      for (const name of ["/nope", "/dyn-", "/dyn-1x", "/chat2"]) {
        const told = await peer.refusal(name);
        const text = told.message ?? told.payload?.message ?? told.payload;
        assert.strictEqual(text, "Invalid namespace");
      }
    },
  },
  {
    name: "a refusal says why",
    async run(peer) {
      const told = await peer.refusal("/", { query: { fail: "1" } });
      const data = { code: 403, why: "fail" };
      assert.deepStrictEqual(told, peer.client.eio === 3 ? { payload: data } : { message: "denied", data });
    },
  },
  {
    name: "who was refused may try again on the same connection",
    eio: 4,
    async run(peer) {
      const root = await peer.join();
      const { socket, refused } = peer.open("/admin", { manager: root.io, auth: { token: "wrong" } });
      const error = await within(refused, "the refusal");
      assert.deepStrictEqual([error.message, error.data], ["unauthorized", { code: 401 }]);
      const hello = new Promise((resolve) => socket.once("welcome", resolve));
      socket.auth = { token: "secret" };
      socket.connect();
      assert.strictEqual((await within(hello, "the welcome")).ns, "/admin");
      await settle(root);
    },
  },
  {
    name: "who leaves a namespace may come back to it",
    async run(peer) {
      const root = await peer.join();
      const chat = await peer.join("/chat", { manager: root.io });
      const first = chat.hello.sid;
      chat.disconnect();
      await patience();
      const hello = new Promise((resolve) => chat.once("welcome", resolve));
      chat.connect();
      const { sid } = await within(hello, "the second welcome");
      if (peer.client.eio === 4) assert.notStrictEqual(sid, first);
      await settle(chat);
    },
  },
];
