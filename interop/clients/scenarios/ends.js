"use strict";

// How connections and memberships end, as both sides tell it.

const { askOne, assert, ask, next, patience, settle, until } = require("../lib.js");

/** What the server noted about a socket that ended, once it has. */
async function reasonOf(socket, id, ms) {
  let noted = [];
  await until(async () => (noted = await ask(socket, "reason-of", id))[0] !== null, `the end of ${id}`, ms);
  return noted;
}

module.exports = [
  {
    name: "a client leaves a namespace",
    async run(peer, another) {
      const [socket, watcher] = await Promise.all([peer.join("/chat"), another().join()]);
      await askOne(socket, "join", "r");
      socket.disconnect();
      assert.deepStrictEqual(await reasonOf(watcher, socket.hello.sid), ["client namespace disconnect", ["r"]]);
    },
  },
  {
    name: "the server sends a socket away and keeps the connection",
    async run(peer, another) {
      const watcher = await another().join();
      const root = await peer.join();
      const chat = await peer.join("/chat", { manager: root.io });
      const gone = next(chat, "disconnect");
      chat.emit("kick");
      assert.strictEqual((await gone)[0], "io server disconnect");
      await settle(root);
      assert.deepStrictEqual(await reasonOf(watcher, chat.hello.sid), ["server namespace disconnect", []]);
    },
  },
  {
    name: "the server closes the whole connection",
    async run(peer, another) {
      const watcher = await another().join();
      const root = await peer.join();
      const chat = await peer.join("/chat", { manager: root.io });
      const [a, b] = [next(root, "disconnect"), next(chat, "disconnect")];
      chat.emit("kick-hard");
      assert.deepStrictEqual([(await a)[0], (await b)[0]], ["io server disconnect", "io server disconnect"]);
      for (const socket of [root, chat]) {
        assert.deepStrictEqual(await reasonOf(watcher, socket.hello.sid), ["server namespace disconnect", []]);
      }
    },
  },
  {
    name: "a client closes its connection",
    async run(peer, another) {
      const watcher = await another().join();
      const socket = await peer.join();
      await askOne(socket, "join", "b");
      await askOne(socket, "join", "a");
      // The connection below the namespaces, without a word to them.
      socket.io.engine.close();
      assert.deepStrictEqual(await reasonOf(watcher, socket.hello.sid), ["transport close", ["a", "b"]]);
    },
  },
  {
    name: "a client that answers no ping is given up",
    ways: ["websocket"],
    eio: 4,
    async run(peer, another) {
      const watcher = await another().join();
      const socket = await peer.join();
      const { engine } = socket.io;
      engine.transport.ws.onmessage = () => {};
      // Nor does it give up the server, which it would at the same moment.
      clearTimeout(engine.pingTimeoutTimer ?? engine._pingTimeoutTimer);
      assert.deepStrictEqual(await reasonOf(watcher, socket.hello.sid), ["ping timeout", []]);
    },
  },
  {
    name: "a packet that is none ends the connection",
    async run(peer, another) {
      const watcher = await another().join();
      const socket = await peer.join();
      const gone = next(socket, "disconnect");
      socket.io.engine.write("9 is no packet");
      await gone;
      const [reason] = await reasonOf(watcher, socket.hello.sid);
      assert.ok(["forced close", "forced server close", "parse error", "transport close"].includes(reason), reason);
    },
  },
  {
    name: "what is too large ends the connection and nothing else",
    async run(peer, another) {
      const watcher = await another().join();
      const socket = await peer.join();
      if (peer.way === "upgrade") await settle(socket);
      const gone = next(socket, "disconnect");
      socket.emit("echo", "x".repeat(6_000_000));
      await gone;
      const [reason] = await reasonOf(watcher, socket.hello.sid);
      assert.ok(["transport error", "transport close"].includes(reason), reason);
    },
  },
  {
    name: "an event in the same breath as leaving is not lost",
    async run(peer, another) {
      const [socket, watcher] = await Promise.all([peer.join(), another().join()]);
      await askOne(watcher, "join", "farewell");
      const heard = next(watcher, "bye");
      socket.emit("to-room", "farewell", "bye", 1);
      await patience();
      socket.disconnect();
      assert.deepStrictEqual(await heard, [1]);
    },
  },
];
