"use strict";

// Writes what the npm parsers make of the cases beside this file to socketio-proto/tests/vectors/.
//
//   node vectors/generate.js           writes the files
//   node vectors/generate.js --check   fails if writing would change anything

const fs = require("node:fs");
const path = require("node:path");

const { ABOUT, fromTagged, toTagged } = require("../lib/tagged.js");
const { Parser, Type } = require("../lib/parsers.js");
const { Oracle, readJson, readMsgpack } = require("../lib/oracle.js");
const { JSON_RULES, MSGPACK_RULES } = require("../differences.js");

const msgpackDecode = require("./cases/msgpack-decode.js");
const msgpackEncode = require("./cases/msgpack-encode.js");

const FOLDER = path.join(__dirname, "../../socketio-proto/tests/vectors");

const REVISION_5 = ["parser-4.2"];
const REVISION_4 = ["parser-3.3", "parser-3.4"];
const MSGPACK = ["msgpack-3.0"];

/** For cases that are not about a difference. */
const ANY_DIFFERENCE = Symbol("any difference");

const ENCODE = [
  "Each vector is a packet and the frames that the parser makes of it: strings are text messages, $bin binary ones.",
];
const DECODE = [
  "Each vector is what a new decoder says to these frames: the packets it hands out, and its state at the end:",
  "`ready` for the next packet, `waiting` for attachments, or `refused`, which the last frame has caused and `error` tells.",
  "Where `difference` stands, the Rust decoder decides otherwise on purpose: `differences` says why, and `ours` what.",
];

/** What a case of msgpack-decode.js says. */
function fromHex([name, hex, difference]) {
  return [name, [Buffer.from(hex, "hex")], difference];
}

/** A case of msgpack-encode.js as one for decoding: what others send, our decoder has to read. */
function encoded([name, by, packet]) {
  return [`of a ${by}: ${name}`, new Parser(MSGPACK[0]).encode(packet), ANY_DIFFERENCE];
}

/**
 * Whether our encoder can write the very bytes: there are no dates, ArrayBuffers and undefined values in serde, and
 * only some of the orders in which the senders of the reference have their keys.
 */
function isOurs([, , packet]) {
  const keys = Object.keys(packet).join();
  const orders = ["type,data,nsp", "type,data,id,nsp", "id,type,data,nsp", "type,nsp"];
  const inOrder = orders.includes(keys) && keys.startsWith("id") === (packet.type === Type.ACK);
  const { data, ...rest } = packet;
  // Without a payload a client's CONNECT has `undefined` for one, and so has ours.
  const foreign = /"\$(undefined|date|arraybuffer)"/;
  return inOrder && !foreign.test(JSON.stringify(toTagged(rest.type === Type.CONNECT && data === undefined ? rest : packet)));
}

function encodeFile(file, aliases, cases) {
  const parsers = aliases.map((alias) => new Parser(alias));
  const vectors = cases.map((entry) => {
    const [name, packet] = [entry[0], entry.at(-1)];
    const frames = agreed(`${file}: ${name}`, parsers, (parser) => parser.encode(packet).map(toTagged));
    return { name, packet: toTagged(packet), frames };
  });
  return { file, aliases, about: ENCODE, parsers, vectors };
}

function decodeFile(file, aliases, cases, rules, read) {
  const parsers = aliases.map((alias) => new Parser(alias));
  const vectors = cases.map(([name, frames, marked]) => {
    const where = `${file}: ${name}`;
    const result = agreed(where, parsers, (parser) => decoded(parser, frames));
    if (result.at !== undefined && result.at !== frames.length - 1) {
      throw new Error(`${where}: refused before its last frame`);
    }
    delete result.at;
    const vector = { name, frames: frames.map(toTagged), ...result };
    const ours = agreed(where, parsers, (parser) => new Oracle(parser, rules, read).decode(frames));
    // Cases say which difference they are about, and the rules find it by themselves: each shows the other right.
    const difference = ours.rules.join(" and ");
    if (marked !== ANY_DIFFERENCE && difference !== (marked ?? "")) {
      throw new Error(`${where}: marked ${marked}, but the rules say ${difference || "nothing"}`);
    }
    if (difference !== "") {
      vector.difference = difference;
      vector.ours = { packets: ours.packets.map(toTagged), end: ours.end };
    }
    return vector;
  });
  const used = rules.filter((rule) => vectors.some(({ difference }) => difference?.split(" and ").includes(rule.name)));
  return { file, aliases, about: DECODE, parsers, vectors, rules, used };
}

function decoded(parser, frames) {
  const result = parser.decode(frames);
  return { ...result, packets: result.packets.map(toTagged) };
}

/** What every one of the parsers says. Vectors of several versions are such that these agree. */
function agreed(where, parsers, ask) {
  const answers = parsers.map(ask);
  const texts = answers.map((answer) => JSON.stringify(answer));
  if (texts.some((text) => text !== texts[0])) {
    throw new Error(`${where}: the versions disagree: ${texts.join(" and ")}`);
  }
  return answers[0];
}

function render({ about, parsers, vectors, used }) {
  const header = {
    about: [...about, "Written by `npm run vectors` in interop/; do not edit."],
    origin: parsers.map((parser) => parser.origin),
    values: ABOUT,
  };
  if (used !== undefined) {
    header.differences = Object.fromEntries(used.map((rule) => [rule.name, { ours: rule.ours, reason: rule.reason }]));
  }
  // One line for each vector, so that a change reads as one.
  const lines = vectors.map((vector) => `    ${JSON.stringify(vector)}`);
  const head = JSON.stringify(header, null, 2).slice(0, -2);
  return `${head},\n  "vectors": [\n${lines.join(",\n")}\n  ]\n}\n`;
}

function checkTags(file, vectors) {
  for (const vector of vectors) {
    const again = JSON.stringify(toTagged(fromTagged(vector.packet ?? vector.packets)));
    if (again !== JSON.stringify(vector.packet ?? vector.packets)) {
      throw new Error(`${file}: ${vector.name}: does not survive its own tags`);
    }
  }
  const names = vectors.map((vector) => vector.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new Error(`${file}: two vectors are named ${twice}`);
  }
}

function checkRules(files) {
  const rules = new Set(files.flatMap((entry) => entry.rules ?? []));
  for (const rule of rules) {
    if (!files.some((entry) => entry.used?.includes(rule))) {
      throw new Error(`no vector shows the rule ${rule.name}`);
    }
  }
}

function main(files, check) {
  checkRules(files);
  let stale = 0;
  let total = 0;
  fs.mkdirSync(FOLDER, { recursive: true });
  for (const entry of files) {
    checkTags(entry.file, entry.vectors);
    const target = path.join(FOLDER, entry.file);
    const text = render(entry);
    total += entry.vectors.length;
    if (!check) {
      fs.writeFileSync(target, text);
    } else if (!fs.existsSync(target) || fs.readFileSync(target, "utf8") !== text) {
      console.error(`${entry.file} is not what the parsers say today`);
      stale += 1;
    }
    console.log(`${entry.file}: ${entry.vectors.length} vectors of ${entry.aliases.join(" and ")}`);
  }
  const strangers = fs.readdirSync(FOLDER).filter((file) => file.endsWith(".json") && !files.some((entry) => entry.file === file));
  for (const file of strangers) {
    console.error(`${file} has no cases here`);
    stale += 1;
  }
  console.log(`${total} vectors in ${files.length} files`);
  if (check && stale > 0) {
    console.error("run `npm run vectors` in interop/ and look at the changes");
    process.exitCode = 1;
  }
}

const files = [
  encodeFile("json-v5-encode.json", REVISION_5, require("./cases/json-encode.js")),
  decodeFile("json-v5-decode.json", REVISION_5, require("./cases/json-decode.js"), JSON_RULES, readJson),
  encodeFile("json-v4-encode.json", REVISION_4, require("./cases/json-v4-encode.js")),
  decodeFile("json-v4-decode.json", REVISION_4, require("./cases/json-v4-decode.js"), JSON_RULES, readJson),
  encodeFile("msgpack-encode.json", MSGPACK, msgpackEncode.filter(isOurs)),
  decodeFile("msgpack-decode.json", MSGPACK, [...msgpackDecode.map(fromHex), ...msgpackEncode.map(encoded)], MSGPACK_RULES, readMsgpack),
];
main(files, process.argv.includes("--check"));
