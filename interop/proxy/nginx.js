"use strict";

// Runs nginx with the configuration that a document recommends.

const { execFileSync, spawn } = require("child_process");
const fs = require("fs");
const net = require("net");
const path = require("path");
const { tie, until, within } = require("../clients/lib.js");

const DOCUMENT = path.join(__dirname, "..", "..", "docs", "behind-nginx.md");

/** The one block of nginx's configuration in the document, as it stands there. */
function recommended() {
  const blocks = [...fs.readFileSync(DOCUMENT, "utf8").matchAll(/^```nginx\n(.*?)^```$/gms)];
  if (blocks.length !== 1) throw new Error(`${DOCUMENT} has ${blocks.length} blocks of nginx, not one`);
  return blocks[0][1];
}

/**
 * Puts what there is here in place of what the document names: free ports for 80, 443, 3000 and 3001, on the loopback
 * address, a certificate and a folder of pages. Nothing else is changed. What is not found is an error: then this would
 * test something else than what is recommended.
 */
function substituted(text, { ports, certificate, key, pages }) {
  const changes = [
    ["listen 80;", `listen 127.0.0.1:${ports.http};`],
    ["listen 443 ", `listen 127.0.0.1:${ports.https} `],
    ["server 127.0.0.1:3000;", `server 127.0.0.1:${ports.nodes[0]};`],
    ["server 127.0.0.1:3001;", `server 127.0.0.1:${ports.nodes[1]};`],
    ["/etc/ssl/example.com/fullchain.pem", certificate],
    ["/etc/ssl/example.com/privkey.pem", key],
    ["/var/www/html", pages],
  ];
  for (const [from, to] of changes) text = replaced(text, from, to);
  return text;
}

/** Replaces what is there exactly once. */
function replaced(text, from, to) {
  if (text.split(from).length !== 2) throw new Error(`"${from}" is not once in the configuration`);
  return text.replace(from, () => to);
}

/** A certificate for the name in the document, made for this run. */
function makeCertificate(folder) {
  const [certificate, key] = ["certificate.pem", "key.pem"].map((name) => path.join(folder, name));
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
    "-subj", "/CN=example.com", "-addext", "subjectAltName=DNS:example.com", "-keyout", key, "-out", certificate], { stdio: "pipe" });
  return { certificate, key };
}

/** Starts nginx with `text` as one of its files, and waits until it listens on `ports`. */
async function start(folder, text, ports) {
  fs.writeFileSync(path.join(folder, "socketio.conf"), text);
  const main = path.join(folder, "nginx.conf");
  // What Debian's file says, with all that is written in one folder, and one process that takes all connections.
  const kept = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `  ${name}_temp_path ${folder}/${name};`);
  fs.writeFileSync(main, `${process.getuid() === 0 ? "user root;\n" : ""}daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 768; }
http {
  include /etc/nginx/mime.types;
  access_log off;
${kept.join("\n")}
  include ${folder}/socketio.conf;
}
`);
  const log = path.join(folder, "error.log");
  const child = spawn("nginx", ["-p", folder, "-e", log, "-c", main], {
    stdio: "ignore", env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  });
  tie(child);
  let end;
  const ended = new Promise((resolve) => {
    child.once("error", (error) => resolve((end = error)));
    child.once("exit", (code, signal) => resolve((end = new Error(`nginx ended with ${code ?? signal}`))));
  });
  await until(async () => {
    if (end) throw new Error(`${end.message}: ${fs.existsSync(log) ? fs.readFileSync(log, "utf8") : ""}`);
    return (await Promise.all(ports.map(isOpen))).every(Boolean);
  }, "nginx listening");
  return {
    async stop() {
      child.kill("SIGTERM");
      await within(ended, "the end of nginx");
    },
  };
}

function isOpen(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => (socket.destroy(), resolve(true)));
    socket.once("error", () => resolve(false));
  });
}

module.exports = { makeCertificate, recommended, replaced, start, substituted };
