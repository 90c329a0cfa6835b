"use strict";

// A server of which nothing was configured.

const { ask, assert, next, request } = require("../lib.js");

module.exports = [
  {
    name: "events are answered and shouted",
    eio: 4,
    async run(peer, another) {
      const [a, b] = [peer, another()].map((each) => each.open("/custom").socket);
      await Promise.all([next(a, "connect"), next(b, "connect")]);
      assert.deepStrictEqual(await ask(a, "echo", 1, { b: Buffer.from([1]) }, "x"), [1, { b: Buffer.from([1]) }, "x"]);
      const heard = [next(a, "shout"), next(b, "shout")];
      a.emit("shout", "all", 1);
      assert.deepStrictEqual(await Promise.all(heard), [["all", 1], ["all", 1]]);
    },
  },
  {
    name: "old clients and pages of other origins are refused",
    ways: ["polling"],
    eio: 4,
    async run({ server }) {
      const url = (revision, transport) => `${server.url}/socket.io/?EIO=${revision}&transport=${transport}`;
      const old = await request(url(3, "polling"));
      assert.deepStrictEqual([old.status, JSON.parse(old.body)], [400, { code: 5, message: "Unsupported protocol version" }]);
      const origin = "https://example.com";
      const foreign = await request(url(4, "polling"), { headers: { origin } });
      assert.deepStrictEqual([foreign.status, JSON.parse(foreign.body).code], [403, 4]);
      const upgrade = {
        origin, connection: "upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      };
      const socket = await request(url(4, "websocket"), { headers: upgrade });
      assert.strictEqual(socket.status, 403);
      const own = await request(url(4, "polling"), { headers: { origin: server.url } });
      assert.strictEqual(own.status, 200);
    },
  },
];
