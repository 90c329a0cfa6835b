"use strict";

// Events, acknowledgements, binary data and their order.

const { ask, askOne, assert, collect, next, settle, until } = require("../lib.js");

const bytes = (...list) => Buffer.from(list);
const same = (value) => Buffer.from(value.buffer ?? value, value.byteOffset ?? 0, value.byteLength);

module.exports = [
  {
    name: "arguments come back as they were sent",
    async run(peer) {
      const socket = await peer.join();
      // The MessagePack of the JavaScript package damages whole numbers of more than 64 bits.
      const large = peer.parser ? 1e15 : 1e21;
      for (const args of [[], ["text"], [1, -2.5, large], [null, true, false], [[], [1, [2]]], [{ a: { b: [null] } }],
        ["ünï😀\u2028\u0000\"\\"], [""], [{ "": 0, __a: 1 }], [Number.MAX_SAFE_INTEGER]]) {
        const back = next(socket, "echo-back");
        socket.emit("echo", ...args);
        assert.deepStrictEqual(await back, args);
        assert.deepStrictEqual(await ask(socket, "echo-ack", ...args), args);
      }
    },
  },
  {
    name: "binary data comes back at any depth",
    async run(peer) {
      const socket = await peer.join();
      const back = next(socket, "echo-back");
      socket.emit("echo", bytes(1, 2, 3), { file: { data: bytes(255, 0), name: "a" }, list: [bytes(), "x"] });
      const [first, second] = await back;
      assert.deepStrictEqual(same(first), bytes(1, 2, 3));
      assert.deepStrictEqual(same(second.file.data), bytes(255, 0));
      assert.strictEqual(second.file.name, "a");
      assert.strictEqual(same(second.list[0]).length, 0);
      assert.strictEqual(second.list[1], "x");
      const [answer] = await ask(socket, "echo-ack", [bytes(9)]);
      assert.deepStrictEqual(same(answer[0]), bytes(9));
    },
  },
  {
    name: "the server sees binary data where it is",
    async run(peer) {
      const socket = await peer.join();
      const seen = await askOne(socket, "describe", bytes(1, 2), { a: [bytes(255, 255), 7] }, "text");
      assert.deepStrictEqual(seen, ["bin:2:3", { a: ["bin:2:510", 7] }, "text"]);
      // Clients 2.x send a typed array as an object.
      if (peer.client.eio === 3) return;
      assert.deepStrictEqual(await askOne(socket, "describe", new Uint8Array([4, 5])), ["bin:2:9"]);
    },
  },
  {
    name: "the server asks, and gets the answer",
    async run(peer) {
      const socket = await peer.join();
      socket.on("question", (...args) => args.pop()(...args, "and more"));
      const answer = next(socket, "answer");
      socket.emit("ask-me", "why", { a: bytes(1) });
      const [why, object, more] = await answer;
      assert.deepStrictEqual([why, same(object.a), more], ["why", bytes(1), "and more"]);
    },
  },
  {
    name: "a question that nobody answers ends with its time",
    async run(peer) {
      const socket = await peer.join();
      const late = next(socket, "timed-out");
      socket.emit("ask-timeout", 100);
      await late;
      socket.once("silent", (answer) => answer());
      const early = next(socket, "not-timed-out");
      socket.emit("ask-timeout", 20000);
      await early;
    },
  },
  {
    name: "a flood arrives whole and in order, both ways",
    async run(peer) {
      const socket = await peer.join();
      const got = collect(socket, "seq", "bseq");
      let end = next(socket, "flood-end");
      socket.emit("flood", 500);
      await end;
      assert.deepStrictEqual(got.map(([, i]) => i), Array.from({ length: 500 }, (_, i) => i));
      got.length = 0;
      end = next(socket, "flood-end");
      socket.emit("flood-binary", 300);
      await end;
      assert.deepStrictEqual(got.map(([, i, data]) => [i, same(data)[0]]),
        Array.from({ length: 300 }, (_, i) => [i, i % 256]));
      for (let i = 0; i < 1000; i++) socket.emit("count", i);
      assert.deepStrictEqual(await askOne(socket, "count-result"), { n: 1000, ordered: true });
    },
  },
  {
    name: "acknowledgements come in the order of the events",
    async run(peer) {
      const socket = await peer.join();
      const order = [];
      const all = Array.from({ length: 50 }, (_, i) => ask(socket, "echo-ack", i).then(([j]) => order.push(j)));
      await Promise.all(all);
      assert.deepStrictEqual(order, Array.from({ length: 50 }, (_, i) => i));
    },
  },
  {
    name: "what is large passes",
    async run(peer) {
      const socket = await peer.join();
      const binary = next(socket, "binary");
      socket.emit("push-binary", 1_000_000);
      const [data] = await binary;
      assert.strictEqual(data.byteLength, 1_000_000);
      assert.strictEqual(same(data)[999_999], 999_999 % 256);
      const text = next(socket, "text");
      socket.emit("push-text", 2_000_000);
      assert.strictEqual((await text)[0].length, 2_000_000);
      const [seen] = await askOne(socket, "describe", Buffer.alloc(3_000_000, 1));
      assert.strictEqual(seen, `bin:3000000:${3_000_000 % 65536}`);
    },
  },
  {
    name: "arguments of a wrong kind, or none, do no harm",
    async run(peer) {
      const socket = await peer.join();
      const events = ["describe", "ask-timeout", "push-binary", "push-text", "flood", "flood-binary", "count", "join",
        "leave", "to-room", "to-rooms", "in-room", "to-except", "to-sid", "room-ask", "fetch", "sockets-join",
        "sockets-leave", "reason-of"];
      for (const event of events) {
        for (const args of [[], [null], [{}], [[]], [-1], ["x"], [bytes(1)], [{ a: 1 }, null, 7]]) {
          // What makes everybody leave, or floods for ever, is not asked for.
          if (event === "ask-timeout" && typeof args[0] === "number") continue;
          socket.emit(event, ...args);
        }
      }
      socket.emit("nobody handles this", 1);
      await settle(socket);
    },
  },
  {
    name: "a middleware stops an event, and a catch-all sees it",
    async run(peer) {
      const socket = await peer.join();
      const stopped = next(socket, "mw-error");
      socket.emit("forbidden", 1, 2);
      assert.deepStrictEqual(await stopped, ["forbidden event"]);
      assert.deepStrictEqual(await askOne(socket, "last-any"), { event: "forbidden", args: 2 });
      await ask(socket, "echo-ack", 1, 2, 3);
      assert.deepStrictEqual(await askOne(socket, "last-any"), { event: "echo-ack", args: 3 });
    },
  },
  {
    name: "a volatile event arrives where there is room",
    async run(peer) {
      const socket = await peer.join();
      await settle(socket);
      // Polling: one that comes between two polls may be dropped, so more than one is tried.
      const got = collect(socket, "v");
      await until(async () => {
        socket.emit("volatile", "v", 1);
        await settle(socket);
        return got.length > 0;
      }, "a volatile event");
      assert.deepStrictEqual(got[0], ["v", 1]);
    },
  },
  {
    name: "an event in the same breath as connecting is not lost",
    async run(peer) {
      const { socket, welcome } = peer.open();
      const answer = ask(socket, "echo-ack", "first");
      await welcome;
      assert.deepStrictEqual(await answer, ["first"]);
    },
  },
];
