"use strict";

// Runs every scenario with every client and every way to the server, and says who passed what.
//
//   node run.js --server PATH [--python PATH] [--only TEXT]      our program
//   node run.js --reference [--python PATH] [--only TEXT]        the npm package, on which the scenarios are tested
//
// The last line is "N passed, M failed".

const { execFile, fork } = require("child_process");
const path = require("path");
const { CLIENTS, WAYS, Peer, argument, start, within } = require("./lib.js");
const { Results } = require("./table.js");

/** The values of an argument that may be given several times. */
const all = (name) => process.argv.filter((_, at) => process.argv[at - 1] === name);
const isReference = process.argv.includes("--reference");
const program = argument("--server");
const only = argument("--only") ?? "";
if (!isReference && !program) {
  console.error("usage: node run.js --server PATH | --reference [--only TEXT]");
  process.exit(2);
}
const command = isReference ? [process.execPath, path.join(__dirname, "reference.js")] : [program];

const NEWEST = CLIENTS[CLIENTS.length - 1];
const GROUPS = ["events", "namespaces", "rooms", "ends", "transports"];

/** What each profile is judged by: clients, their ways and their codec. `peer`: who it is, if no client. `ours`: the reference has no such profile here. */
const PROFILES = [
  { name: "interop", clients: CLIENTS, scenarios: GROUPS },
  {
    name: "interop-msgpack",
    codec: ", MessagePack",
    clients: CLIENTS.filter(({ eio }) => eio === 4),
    parser: require("msgpack-3.0"),
    scenarios: GROUPS,
  },
  // What is said byte by byte needs no client, and one way.
  { name: "sio-protocol", peer: "raw packets", clients: [NEWEST], ways: ["websocket"], scenarios: ["protocol"], ours: true },
  { name: "abuse", peer: "raw packets", clients: [NEWEST], ways: ["websocket"], scenarios: ["abuse"], ours: true },
  { name: "sio-client", clients: [NEWEST], scenarios: ["suite"], ours: true },
  { name: "defaults", clients: [NEWEST], scenarios: ["defaults"], ours: true },
];

/**
 * How many clients are tested at the same time, each in a process of its own with a server of its own, so that they cannot
 * meet. They wait most of the time.
 */
const SIDE_BY_SIDE = 4;

/** Everything that one client does. */
function lanes() {
  const found = [];
  for (const { name, peer, clients, codec = "", ours } of PROFILES) {
    if (isReference && ours) continue;
    clients.forEach((client, index) =>
      found.push({ profile: name, index, peer: peer ?? `socket.io-client ${client.name}${codec}` }));
  }
  return found;
}

/** Runs all scenarios of one client; this is a process of its own. */
async function lane({ profile: name, index, peer }) {
  const profile = PROFILES.find((each) => each.name === name);
  const client = profile.clients[index];
  let server = await start(command, profile.name);
  for (const group of profile.scenarios) {
    for (const scenario of require(`./scenarios/${group}.js`)) {
      for (const way of scenario.ways ?? profile.ways ?? Object.keys(WAYS)) {
        const label = `${profile.name}, ${client.name}, ${way}: ${scenario.name}`;
        if (!label.includes(only) || (scenario.eio && scenario.eio !== client.eio)) continue;
        const others = [];
        // Another client of any version, to meet in a room.
        const another = (version = client.name, by = way) => {
          const other = profile.clients.find((each) => each.name === version) ?? client;
          others.push(new Peer(server, other, by, profile.parser));
          return others[others.length - 1];
        };
        const began = Date.now();
        let error;
        try {
          await within(scenario.run(another(), another), "the end of the scenario", 120000);
          if (!server.isRunning()) throw new Error("the server is gone");
        } catch (thrown) {
          error = thrown.stack.split("\n").slice(0, 24).join("\n  ");
        }
        others.forEach((each) => each.close());
        process.send({ peer, group, label, error, took: Date.now() - began });
        if (!server.isRunning()) server = await start(command, profile.name);
      }
    }
  }
  await server.stop();
}

/** Runs one client in its process. */
function client(one, results) {
  return new Promise((resolve) => {
    const child = fork(__filename, [...process.argv.slice(2), "--lane", JSON.stringify(one)]);
    child.on("message", (result) => results.add(result));
    child.on("exit", (code, signal) => {
      if (code !== 0) results.add({ peer: one.peer, label: `${one.peer}: the process`, error: `ended with ${code ?? signal}` });
      resolve();
    });
  });
}

/** Runs python-socketio of one version, with threads and with asyncio. */
async function python(interpreter, results) {
  const server = await start(command, "interop");
  const script = path.join(__dirname, "python", "clients.py");
  const said = await new Promise((resolve) =>
    execFile(interpreter, [script, server.url], { encoding: "utf8", maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
      resolve({ stdout, stderr })));
  const found = said.stdout.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  found.forEach((result) => results.add(result));
  // Its own count says that nothing was cut off.
  const failed = found.filter(({ error }) => error).length;
  if (!said.stdout.endsWith(`${found.length - failed} passed, ${failed} failed\n`) || found.length === 0) {
    results.add({ peer: interpreter, label: `${interpreter}: the process`, error: said.stdout + said.stderr });
  }
  await server.stop();
}

async function main() {
  const results = new Results([...GROUPS, "protocol", "abuse", "suite", "defaults"]);
  const pythons = "python-socketio".includes(only) ? all("--python") : [];
  const waiting = [...pythons.map((interpreter) => () => python(interpreter, results)), ...lanes().map((one) => () => client(one, results))];
  const work = async () => {
    while (waiting.length > 0) await waiting.shift()();
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  process.exit(results.report() ? 0 : 1);
}

const mine = argument("--lane");
(mine ? lane(JSON.parse(mine)).then(() => process.exit(0)) : main()).catch((error) => {
  console.error(error);
  if (!mine) console.log("0 passed, 1 failed");
  process.exit(1);
});
