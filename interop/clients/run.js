"use strict";

// Runs every scenario with every client and every way to the server.
//
//   node run.js --server PATH [--python PATH] [--only TEXT]      our program
//   node run.js --reference [--python PATH] [--only TEXT]        the npm package, on which the scenarios are tested
//
// The last line is "N passed, M failed".

const { spawnSync } = require("child_process");
const path = require("path");
const { CLIENTS, WAYS, Peer, start, within } = require("./lib.js");

const argument = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
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

/** What each profile is judged by: clients, their ways and their codec. `ours`: the reference has no such profile here. */
const PROFILES = [
  { name: "interop", clients: CLIENTS, scenarios: ["events", "namespaces", "rooms", "ends", "transports"] },
  {
    name: "interop-msgpack",
    clients: CLIENTS.filter(({ eio }) => eio === 4),
    parser: require("msgpack-3.0"),
    scenarios: ["events", "namespaces", "rooms", "ends", "transports"],
  },
  // What is said byte by byte needs no client, and one way.
  { name: "sio-protocol", clients: [NEWEST], ways: ["websocket"], scenarios: ["protocol"], ours: true },
  { name: "abuse", clients: [NEWEST], ways: ["websocket"], scenarios: ["abuse"], ours: true },
  { name: "sio-client", clients: [NEWEST], scenarios: ["suite"], ours: true },
  { name: "defaults", clients: [NEWEST], scenarios: ["defaults"], ours: true },
];

async function main() {
  let [passed, failed] = [0, 0];
  for (const profile of PROFILES) {
    if (isReference && profile.ours) continue;
    const server = await start(command, profile.name);
    for (const file of profile.scenarios) {
      for (const scenario of require(`./scenarios/${file}.js`)) {
        for (const client of profile.clients) {
          for (const way of scenario.ways ?? profile.ways ?? Object.keys(WAYS)) {
            const name = `${profile.name}, ${client.name}, ${way}: ${scenario.name}`;
            if (!name.includes(only) || (scenario.eio && scenario.eio !== client.eio)) continue;
            const others = [];
            // Another client of any version, to meet in a room.
            const another = (version = client.name, by = way) => {
              const other = profile.clients.find((each) => each.name === version) ?? client;
              others.push(new Peer(server, other, by, profile.parser));
              return others[others.length - 1];
            };
            const peer = another();
            const began = Date.now();
            try {
              await within(scenario.run(peer, another), "the end of the scenario", 30000);
              if (!server.isRunning()) throw new Error("the server is gone");
              passed += 1;
            } catch (error) {
              failed += 1;
              console.error(`FAILED ${name}\n  ${error.stack.split("\n").slice(0, 24).join("\n  ")}`);
            }
            others.forEach((each) => each.close());
            const took = Date.now() - began;
            if (took > 3000) console.log(`${took} ms: ${name}`);
          }
        }
      }
    }
    const pythons = profile.name === "interop" && "python-socketio".includes(only) ? all("--python") : [];
    for (const python of pythons) {
      const said = spawnSync(python, [path.join(__dirname, "python", "clients.py"), server.url], { encoding: "utf8" });
      const [, good, bad] = /(\d+) passed, (\d+) failed\s*$/.exec(said.stdout) ?? [0, 0, 1];
      [passed, failed] = [passed + Number(good), failed + Number(bad)];
      if (Number(bad) > 0) console.error(said.stdout + said.stderr);
    }
    if (server.isRunning()) await server.stop();
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 && passed > 0 ? 0 : 1);
}

main().catch((error) => {
  console.error(error);
  console.log("0 passed, 1 failed");
  process.exit(1);
});
