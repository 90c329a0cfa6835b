"use strict";

// Connections that say exactly what they are told to.

const WebSocket = require("ws");
const { assert, request, within } = require("./lib.js");

/** A WebSocket and everything it hears. */
class Link {
  constructor(server, query = "EIO=4", options = {}) {
    this.heard = [];
    this.waiting = [];
    this.socket = new WebSocket(`${server.url.replace("http", "ws")}/socket.io/?transport=websocket&${query}`, options);
    this.socket.on("error", () => {});
    this.socket.on("message", (data, isBinary) => this.hear(isBinary ? data : data.toString()));
    this.closed = new Promise((resolve) => this.socket.on("close", resolve));
    this.opened = new Promise((resolve, reject) => {
      this.socket.on("open", resolve);
      this.socket.on("unexpected-response", (_, response) => reject(new Error(`status ${response.statusCode}`)));
      this.socket.on("close", () => reject(new Error("closed before it was open")));
    });
    this.opened.catch(() => {});
  }

  hear(message) {
    // Pings are answered like a client does, and are of no interest.
    if (message === "2" && !this.silent) return this.socket.send("3");
    const next = this.waiting.shift();
    if (next) next(message);
    else this.heard.push(message);
  }

  send(...messages) {
    for (const message of messages) this.socket.send(message);
  }

  next(ms) {
    if (this.heard.length > 0) return Promise.resolve(this.heard.shift());
    const ended = this.closed.then((code) => {
      throw new Error(`closed with ${code} instead of a message`);
    });
    ended.catch(() => {});
    return within(Promise.race([new Promise((resolve) => this.waiting.push(resolve)), ended]), "a message", ms);
  }

  /** Fails unless it hears these, in this order. */
  async expect(...messages) {
    for (const message of messages) {
      const heard = await this.next();
      if (message instanceof RegExp) assert.match(heard, message);
      else assert.deepStrictEqual(heard, message);
    }
  }

  async isClosed(ms) {
    return within(this.closed, "the end of the connection", ms);
  }
}

/** A WebSocket that has joined a namespace. */
async function joined(server, namespace = "/", auth = "") {
  const link = new Link(server);
  await link.opened;
  await link.expect(/^0\{/);
  const prefix = namespace === "/" ? "" : `${namespace},`;
  link.send(`40${prefix}${auth}`);
  await link.expect(new RegExp(`^40${prefix}\\{"sid":"[\\w-]{20}"\\}$`));
  return link;
}

/** Long polling, request by request. */
class Polling {
  constructor(server, query = "EIO=4") {
    this.url = `${server.url}/socket.io/?transport=polling&${query}`;
  }

  async open() {
    const { status, body } = await request(this.url);
    assert.strictEqual(status, 200, body);
    this.open = JSON.parse(body.slice(1));
    this.url += `&sid=${this.open.sid}`;
    return this;
  }

  get() {
    return request(this.url);
  }

  post(body, headers = {}) {
    return request(this.url, { method: "POST", body, headers: { "content-type": "text/plain", ...headers } });
  }
}

module.exports = { Link, Polling, joined };
