"use strict";

// A relay that knows nothing but requests and answers: what asks for an upgrade is passed on without the asking.

const http = require("http");

/** Headers that concern one connection, and end with it. */
const HOP_BY_HOP = ["connection", "upgrade", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"];

const passed = (headers) => Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)));

/** Relays to a port of this machine. `stripped()` counts upgrades that were asked for. */
async function relay(to) {
  let stripped = 0;
  const agent = new http.Agent({ keepAlive: true });
  const server = http.createServer((request, response) => {
    if (request.headers.upgrade) stripped += 1;
    const { method, url } = request;
    const length = request.headers["content-length"];
    const call = http.request({ host: "127.0.0.1", port: to, method, path: url, agent, headers: passed(request.headers) }, (answer) => {
      response.writeHead(answer.statusCode, passed(answer.headers));
      answer.pipe(response);
      answer.on("error", () => response.destroy());
    });
    call.on("error", () => response.destroy());
    // A client that goes away, goes away from the server too.
    response.on("close", () => call.destroy());
    if (length === undefined && method === "GET") call.end();
    else request.pipe(call);
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stripped: () => stripped,
    stop() {
      server.closeAllConnections();
      agent.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

module.exports = { relay };
