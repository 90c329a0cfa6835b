"use strict";

// Polling, WebSocket, the way from one to the other, and what HTTP sees.

const { askOne, assert, ask, collect, next, request, settle, until } = require("../lib.js");

module.exports = [
  {
    name: "the transport is the one that was asked for",
    async run(peer) {
      const socket = await peer.join();
      const expected = peer.way === "polling" ? "polling" : "websocket";
      await until(async () => (await askOne(socket, "transport")) === expected, expected);
    },
  },
  {
    name: "a flood during the upgrade keeps its order",
    ways: ["upgrade"],
    async run(peer) {
      const socket = await peer.join();
      const got = collect(socket, "seq");
      const ends = collect(socket, "flood-end");
      for (let i = 0; i < 4; i++) {
        socket.emit("flood", 500);
        for (let j = 0; j < 100; j++) socket.emit("count", i * 100 + j);
        await settle(socket);
      }
      await until(() => ends.length === 4, "the ends of the floods");
      const expected = [0, 1, 2, 3].flatMap(() => Array.from({ length: 500 }, (_, i) => i));
      assert.deepStrictEqual(got.map(([, i]) => i), expected);
      assert.deepStrictEqual(await askOne(socket, "count-result"), { n: 400, ordered: true });
      await until(async () => (await askOne(socket, "transport")) === "websocket", "the upgrade");
    },
  },
  {
    name: "sixty clients at once lose nothing",
    async run(peer, another) {
      const sockets = await Promise.all(Array.from({ length: 60 }, () => another().join()));
      await Promise.all(sockets.map(async (socket, i) => {
        const got = collect(socket, "seq");
        const end = next(socket, "flood-end");
        socket.emit("flood", 100);
        assert.deepStrictEqual(await ask(socket, "echo-ack", i), [i]);
        await end;
        assert.deepStrictEqual(got.map(([, n]) => n), Array.from({ length: 100 }, (_, n) => n));
      }));
    },
  },
  {
    name: "pages of other origins are let in where that is allowed",
    ways: ["polling"],
    eio: 4,
    async run(peer) {
      const headers = { origin: "https://example.com" };
      const url = `${peer.server.url}/socket.io/?EIO=4&transport=polling`;
      const answer = await request(url, { headers });
      assert.strictEqual(answer.status, 200);
      assert.strictEqual(answer.headers["access-control-allow-origin"], "https://example.com");
      assert.strictEqual(answer.headers["access-control-allow-credentials"], "true");
      const asked = { ...headers, "access-control-request-method": "POST" };
      const before = await request(url, { method: "OPTIONS", headers: asked });
      assert.ok([200, 204].includes(before.status), String(before.status));
      assert.strictEqual(before.headers["access-control-allow-origin"], "https://example.com");
    },
  },
  {
    name: "bad requests are refused with their codes",
    ways: ["polling"],
    eio: 4,
    async run(peer) {
      const at = (query, options) => request(`${peer.server.url}/socket.io/?${query}`, options);
      for (const [query, code, message, options] of [
        ["EIO=4&transport=x", 0, "Transport unknown"],
        ["EIO=4&transport=polling&sid=nobody", 1, "Session ID unknown"],
        ["EIO=4&transport=polling", 2, "Bad handshake method", { method: "POST" }],
      ]) {
        const answer = await at(query, options);
        assert.deepStrictEqual([answer.status, JSON.parse(answer.body)], [400, { code, message }]);
      }
    },
  },
];
