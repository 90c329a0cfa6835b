"use strict";

// Clients that mean no good: each of them ends at most its own connection.

const net = require("net");
const { assert, request, sleep, until, within } = require("../lib.js");
const { Link, Polling, joined } = require("../raw.js");

/**
 * Whether somebody else is served. The timers of this profile are as short as 300 ms, which a busy machine may miss: then a
 * client comes again, as they all do.
 */
async function othersAreServed(_, another) {
  const end = Date.now() + 30000;
  for (;;) {
    try {
      const socket = await another().join();
      assert.deepStrictEqual(await ask(socket, 5000, "echo-ack", "x"), ["x"]);
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

/** The acknowledgement, or an error when the connection is lost or the time is over. */
function ask(socket, time, event, ...args) {
  const lost = new Promise((_, reject) => socket.once("disconnect", (reason) => reject(new Error(reason))));
  const answer = new Promise((resolve) => socket.emit(event, ...args, (...said) => resolve(said)));
  return within(Promise.race([answer, lost]), `the ack of ${event}`, time);
}

module.exports = [
  {
    name: "malformed packets end the connection and nothing else",
    async run(peer, another) {
      for (const bad of ["4", "48", "4abc", '42["disconnect"]', '42["connect_error",1]', "42[{}]", "42[null]", "42[true]", '42["a",', "42[1e999",
        '42["a"]]', '45["a"]', '451["a"]', '45-["a"]', '45999999999999999999-["a"]', '4511-["a",{"_placeholder":true,"num":0}]',
        '451-["a",{"_placeholder":true,"num":-1}]', '451-["a",{"_placeholder":true,"num":"0"}]', '40{"a":1}x', "41[]", "44", "461-[]",
        "42/chat", `42${"[".repeat(40000)}`, `42["a",${'{"a":'.repeat(40000)}`]) {
        const link = await joined(peer.server);
        link.send(bad);
        await link.isClosed().catch((error) => assert.fail(`${bad.slice(0, 60)}: ${error.message}`));
      }
      await othersAreServed(peer, another);
    },
  },
  {
    name: "events with odd names and many arguments are harmless",
    async run(peer, another) {
      const link = await joined(peer.server);
      await link.expect(/^42\["welcome"/);
      link.send('42["__proto__",1]', '42["constructor"]', "42[7,1]", '42[""]', `42["nobody",${"1,".repeat(20000)}1]`, '421["echo-ack"]');
      await link.expect("431[]");
      await othersAreServed(peer, another);
    },
  },
  {
    name: "thousands of namespaces are not taken",
    async run(peer, another) {
      const link = await joined(peer.server);
      for (let i = 0; i < 3000; i++) link.send(`40/dyn-${i}`);
      await sleep(200);
      await othersAreServed(peer, another);
    },
  },
  {
    name: "attachments that never come are not waited for",
    async run(peer, another) {
      const link = await joined(peer.server);
      link.send('452-["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
      await link.isClosed();
      await othersAreServed(peer, another);
    },
  },
  {
    name: "who joins nothing is sent away in time",
    async run({ server }) {
      const link = new Link(server);
      await link.opened;
      const began = Date.now();
      await link.isClosed();
      const took = Date.now() - began;
      assert.ok(took > 800 && took < 15000, `after ${took} ms`);
    },
  },
  {
    name: "a probe that says nothing, or something else, is given up",
    async run({ server }) {
      for (const word of [undefined, "2prob", "4hello"]) {
        const polling = await new Polling(server).open();
        const link = new Link(server, `EIO=4&sid=${polling.open.sid}`);
        await link.opened;
        if (word) link.send(word);
        await link.isClosed();
      }
    },
  },
  {
    name: "what is too large is refused before it is read",
    async run(peer, another) {
      const polling = await new Polling(peer.server).open();
      // Who is still writing when the answer comes may be cut off before it is read.
      const cut = ({ code }) => ({ status: ["EPIPE", "ECONNRESET"].includes(code) ? 413 : code });
      const { status } = await polling.post("4" + "x".repeat(200_000)).catch(cut);
      assert.strictEqual(status, 413);
      assert.strictEqual((await polling.get()).status, 400);
      const link = await joined(peer.server);
      link.send("4" + "x".repeat(200_000));
      assert.strictEqual(await link.isClosed(), 1009);
      // A body, and a frame, that only announce it.
      const announced = await new Polling(peer.server).open();
      const status413 = await new Promise((resolve, reject) => {
        const socket = net.connect(peer.server.port, "127.0.0.1");
        const path = announced.url.slice(announced.url.indexOf("/socket.io"));
        socket.write(`POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: 4000000000\r\n\r\n`);
        socket.on("data", (data) => resolve(data.toString().split(" ")[1]));
        socket.on("error", (error) => (cut(error).status === 413 ? resolve("closed") : reject(error)));
        socket.on("close", () => resolve("closed"));
        setTimeout(() => resolve("nothing"), 15000).unref();
      });
      assert.ok(status413 === "413" || status413 === "closed", status413);
      await othersAreServed(peer, another);
    },
  },
  {
    name: "peers that never read cost no more than their budget",
    async run(peer, another) {
      const links = await Promise.all(Array.from({ length: 10 }, () => joined(peer.server)));
      for (const link of links) {
        link.socket._socket.pause();
        for (let i = 0; i < 20; i++) link.send('42["push-binary",4000000]');
      }
      await othersAreServed(peer, another);
      links.forEach((link) => link.socket.terminate());
      await othersAreServed(peer, another);
    },
  },
  {
    name: "an old client may use scripts and forms",
    async run({ server }) {
      // The number of the script is what it said first, and anything but digits is dropped from it.
      const url = `${server.url}/socket.io/?EIO=3&transport=polling&j=1);alert(2`;
      const { body } = await request(url);
      const [, open] = /^___eio\[12\]\("(.*)"\);$/.exec(body) ?? assert.fail(body);
      const { sid } = JSON.parse(JSON.parse(`"${open}"`).replace(/^\d+:0/, "").replace(/\}\d+:.*$/, "}"));
      const packet = '420["echo-ack","form"]';
      const posted = await request(`${url}&sid=${sid}`, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: `d=${encodeURIComponent(`${packet.length}:${packet}`)}`,
      });
      assert.strictEqual(posted.status, 200);
      let heard = "";
      await until(async () => (heard += (await request(`${url}&sid=${sid}`)).body).includes("form"), "the answer");
      assert.ok(heard.includes('430[\\"form\\"]'), heard);
    },
  },
];
