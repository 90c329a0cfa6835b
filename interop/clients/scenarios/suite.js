"use strict";

// The server that the tests of the JavaScript client talk to.

const { ask, askOne, assert, collect, next, until, within } = require("../lib.js");
const { Link } = require("../raw.js");

const bytes = Buffer.from("asdfasdf");
const same = (value) => Buffer.from(value.buffer ?? value, value.byteOffset ?? 0, value.byteLength);

/** A socket that is connected. */
async function connected(peer, namespace, options) {
  const { socket } = peer.open(namespace, options);
  await next(socket, "connect");
  return socket;
}

module.exports = [
  {
    name: "namespaces exist, refuse and tell",
    async run(peer) {
      for (const name of ["/timeout_socket", "/valid", "/asd"]) await connected(peer, name);
      const ids = await connected(peer, "/foo");
      assert.strictEqual(await askOne(ids, "getId"), ids.id);
      const { socket } = peer.open("/abc", { query: { a: "b" }, auth: { c: 1 } });
      const [handshake] = await next(socket, "handshake");
      assert.strictEqual(handshake.query.a, "b");
      if (peer.client.eio === 4) assert.deepStrictEqual(handshake.auth, { c: 1 });
      assert.strictEqual((await peer.refusal("/no")).message, "Auth failed (custom namespace)");
      assert.strictEqual((await peer.refusal("/", { query: { fail: "1" } })).message, "Auth failed (main namespace)");
      assert.strictEqual((await peer.refusal("/nope")).message, "Invalid namespace");
    },
  },
  {
    name: "texts, dates and questions",
    async run(peer) {
      const socket = await connected(peer);
      assert.strictEqual(await askOne(socket, "getId"), socket.id);
      assert.deepStrictEqual((await askOne(socket, "getHandshake")).auth, {});
      assert.deepStrictEqual(await askOne(socket, "echo", { a: 1 }), { a: 1 });
      const hi = next(socket, "hi");
      socket.emit("hi");
      await hi;
      socket.once("ack", (answer) => answer(5, { test: true }));
      const got = next(socket, "got it");
      socket.emit("ack");
      await got;
      for (const date of [await askOne(socket, "getAckDate", 1), ...(await emitted(socket, "getDate", "takeDate"))]) {
        assert.strictEqual(new Date(date).toISOString(), date);
      }
      const [{ date }] = await emitted(socket, "getDateObj", "takeDateObj");
      assert.strictEqual(new Date(date).toISOString(), date);
      const texts = collect(socket, "takeUtf8");
      socket.emit("getUtf8");
      await until(() => texts.length === 5, "five texts");
      assert.deepStrictEqual(texts.map(([, text]) => text),
        ["てすと", "Я Б Г Д Ж Й", "Ä ä Ü ü ß", "utf8 — string", "utf8 — string"]);
      assert.deepStrictEqual(await emitted(socket, "false", "false"), [false]);
    },
  },
  {
    name: "binary data in one and in several events",
    async run(peer) {
      const socket = await connected(peer);
      assert.deepStrictEqual(same((await emitted(socket, "doge", "doge"))[0]), bytes);
      assert.deepStrictEqual(same((await emitted(socket, "getbin", "takebin"))[0]), bytes);
      const object = { hello: "lol", message: bytes, goodbye: "gotcha" };
      for (const [event, answer, value] of [["buffa", "buffack", bytes], ["blob", "back", bytes],
        ["jsonbuff", "jsonbuff-ack", object], ["jsonblob", "jsonblob-ack", object]]) {
        const answered = next(socket, answer);
        socket.emit(event, value);
        await answered;
      }
      let answered = next(socket, "abuff2-ack");
      socket.emit("abuff1", bytes);
      socket.emit("abuff2", "x");
      await answered;
      answered = next(socket, "blob3-ack");
      socket.emit("blob1", bytes);
      socket.emit("blob2", "second");
      socket.emit("blob3", bytes);
      await answered;
    },
  },
  {
    name: "an answer comes alone",
    ways: ["websocket"],
    async run({ server }) {
      const link = new Link(server);
      await link.opened;
      link.send("40");
      await link.expect(/^0\{/, /^40\{/);
      link.send('420["echo",null]');
      await link.expect("430[null]");
      await assert.rejects(link.next(100));
    },
  },
  {
    name: "handshakes are let in a little late",
    ways: ["polling"],
    async run(peer) {
      const began = Date.now();
      await connected(peer);
      assert.ok(Date.now() - began >= 10);
    },
  },
  {
    name: "clients that come and go at once do no harm",
    async run(peer, another) {
      for (let i = 0; i < 25; i++) another().open("/").socket.disconnect();
      const socket = await connected(peer);
      assert.strictEqual(await askOne(socket, "echo", "x"), "x");
      const nobody = within(new Promise((resolve) => socket.emit("nobody handles this", resolve)), "an answer", 100);
      await assert.rejects(nobody);
      assert.deepStrictEqual(await ask(socket, "echo", 1), [1]);
    },
  },
];

async function emitted(socket, event, answer) {
  const heard = next(socket, answer);
  socket.emit(event);
  return heard;
}
