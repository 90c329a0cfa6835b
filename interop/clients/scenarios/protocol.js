"use strict";

// Packets of the protocol, byte by byte: what a suite of the protocol asks of every server.

const { assert, sleep, until } = require("../lib.js");
const { Link, Polling, joined } = require("../raw.js");

/** A WebSocket that has joined, and has heard what it showed. */
async function greeted(server, namespace, auth = "{}") {
  const link = await joined(server, namespace, auth === "{}" ? "" : auth);
  await link.expect(`42${namespace && namespace !== "/" ? `${namespace},` : ""}["auth",${auth}]`);
  return link;
}

module.exports = [
  {
    name: "CONNECT is answered with an id, and what is shown is seen",
    async run({ server }) {
      await greeted(server);
      await greeted(server, "/", '{"token":"123"}');
      await greeted(server, "/custom");
      await greeted(server, "/custom", '{"token":"abc"}');
    },
  },
  {
    name: "an unknown namespace is refused and the connection goes on",
    async run({ server }) {
      const link = new Link(server);
      await link.opened;
      await link.expect(/^0/);
      link.send("40/random");
      await link.expect('44/random,{"message":"Invalid namespace"}');
      link.send("40");
      await link.expect(/^40\{"sid"/, '42["auth",{}]');
    },
  },
  {
    name: "events go both ways, with and without binary data",
    async run({ server }) {
      const link = await greeted(server);
      link.send('42["message",1,"2",{"3":[true]}]');
      await link.expect('42["message-back",1,"2",{"3":[true]}]');
      link.send('452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', Buffer.from([1, 2, 3]), Buffer.from([4, 5, 6]));
      await link.expect(
        '452-["message-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', Buffer.from([1, 2, 3]), Buffer.from([4, 5, 6]));
      const custom = await greeted(server, "/custom");
      custom.send('42/custom,["message","a"]');
      await custom.expect('42/custom,["message-back","a"]');
    },
  },
  {
    name: "acknowledgements carry the id and binary data",
    async run({ server }) {
      const link = await greeted(server);
      link.send('42456["message-with-ack",1,"2",{"3":[false]}]');
      await link.expect('43456[1,"2",{"3":[false]}]');
      link.send('452-789["message-with-ack",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', Buffer.from([1]), Buffer.from([2]));
      await link.expect('462-789[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', Buffer.from([1]), Buffer.from([2]));
      link.send('420["message-with-ack"]');
      await link.expect("430[]");
    },
  },
  {
    name: "what is no packet ends the connection",
    async run({ server }) {
      for (const bad of ["4abc", "42{}", '42abc["message-with-ack",1]', '42["connect"]', "42[]", '42["message",1', '42["message"]x',
        '451-["message"]', '452-["message",{"_placeholder":true,"num":0}]', "40[]", "41{}", '44{"message":"x"}', "47",
        '451-["message",{"_placeholder":true,"num":1}]', "42/custom,[\"message\"]"]) {
        const link = await greeted(server);
        link.send(bad);
        await link.isClosed().catch((error) => assert.fail(`${bad}: ${error.message}`));
      }
      const link = await greeted(server);
      link.send(Buffer.from([1]));
      await link.isClosed();
    },
  },
  {
    name: "half of a surrogate pair and an answer that nobody waits for are no faults",
    async run({ server }) {
      const link = await greeted(server);
      link.send('43999["nobody asked"]', '42["message","\\ud800"]', '42["message","end"]');
      await link.expect(/^42\["message-back",".*"\]$/, '42["message-back","end"]');
    },
  },
  {
    name: "who joins nothing is sent away",
    async run({ server }) {
      const link = new Link(server);
      link.silent = true;
      await link.opened;
      await link.isClosed();
    },
  },
  {
    name: "a namespace is left, and the others and the connection stay",
    async run({ server }) {
      const link = await greeted(server);
      link.send("40/custom");
      await link.expect(/^40\/custom,\{/, '42/custom,["auth",{}]');
      link.send("41/custom");
      link.send('42["message","still here"]');
      await link.expect('42["message-back","still here"]');
      const other = await greeted(server);
      other.silent = true;
      other.send("41");
      await other.expect("2");
    },
  },
  {
    name: "a second CONNECT to a namespace ends the connection",
    async run({ server }) {
      const link = await greeted(server);
      link.send("40");
      await link.isClosed();
    },
  },
  {
    name: "polling carries the same packets",
    async run({ server }) {
      const polling = await new Polling(server).open();
      assert.deepStrictEqual(Object.keys(polling.open).sort(), ["maxPayload", "pingInterval", "pingTimeout", "sid", "upgrades"]);
      assert.deepStrictEqual((await polling.post("40")).body, "ok");
      const first = (await polling.get()).body.split("\x1e");
      assert.match(first[0], /^40\{"sid"/);
      const rest = first.length > 1 ? first.slice(1) : (await polling.get()).body.split("\x1e");
      assert.strictEqual(rest[0], '42["auth",{}]');
      await polling.post('42["message",1]\x1e451-["message",{"_placeholder":true,"num":0}]\x1ebAQIDBA==');
      let heard = [];
      while (heard.filter((packet) => packet !== "2").length < 3) heard = heard.concat((await polling.get()).body.split("\x1e"));
      assert.deepStrictEqual(heard.filter((packet) => packet !== "2"),
        ['42["message-back",1]', '451-["message-back",{"_placeholder":true,"num":0}]', "bAQIDBA=="]);
    },
  },
  {
    name: "a session that is never polled is over after interval and timeout",
    async run({ server }) {
      const polling = await new Polling(server).open();
      // They are 300 and 200 ms.
      await sleep(1500);
      assert.strictEqual((await polling.get()).status, 400);
    },
  },
  {
    name: "a session goes over to a WebSocket",
    async run({ server }) {
      const polling = await new Polling(server).open();
      await polling.post("40");
      const link = new Link(server, `EIO=4&sid=${polling.open.sid}`);
      await link.opened;
      link.send("2probe");
      await link.expect("3probe");
      const waiting = await polling.get();
      assert.strictEqual(waiting.status, 200);
      link.send("5");
      await until(async () => (await polling.get()).status === 400, "the end of polling");
      link.send('42["message","over"]');
      let heard;
      do heard = await link.next(); while (!heard.includes("message-back"));
      assert.strictEqual(heard, '42["message-back","over"]');
    },
  },
];
