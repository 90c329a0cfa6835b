"use strict";

// Random frames for the decoders of the default parser: valid ones, ones put together from pieces that are right or
// wrong, and ones that were valid and have been damaged.

const { Type } = require("../lib/parsers.js");
const { wellFormed } = require("../lib/tagged.js");
const { KEYS, NAMES, NAMESPACES, PIECES } = require("./values.js");

const COUNTS = ["0", "1", "1", "1", "2", "2", "3", "10", "11", "001", "", " 1", "1 ", "1e0", "0x1", "+1", "-1", "1.0", "1.5", "x", "1e1", "NaN", "99999999999999999999", "１"];
const IDS = ["", "", "", "0", "1", "12", "007", "9007199254740993", "18446744073709551615", "18446744073709551616", "99999999999999999999999", " ", "1 ", " 1", "1 2", "\t", "\u00a0", "-1", "1.5", "1e3", "+1", "0x1", "١", "\ufeff"];
const RESERVED = ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];
const NUMBERS = ["0", "-0", "1", "-1", "1.5", "1e3", "1E+2", "1e-7", "-0.0", "0.10", "100", "9007199254740993", "18446744073709551615", "18446744073709551616", "-9223372036854775808", "-9223372036854775809", "1e400", "1e-400", "01", "+1", ".5", "5.", "-", "1e", "0x1", "2.2250738585072011e-308", "123456789012345678901234567890"];
const WORDS = ["null", "true", "false", "null", "true", "false", "NaN", "Infinity", "undefined", "True", "nul"];
const BLANKS = ["", "", "", "", "", "", " ", "\n", "\t", "\r", "  ", "\f", "\u00a0", "\ufeff"];
const PLACEHOLDER_NUMBERS = ["0", "1", "3", "9", "10", "-1", "-0", "0.0", "0.5", "1e0", "\"0\"", "\"splice\"", "null", "[0]", "true", "00", "1e300"];
const HEADER_NOISE = ["0", "1", "5", "-", ",", "/", " ", "[", "\"", "{", "}", "]", "e", ".", "\u00a0", "😀"];
const PAYLOAD_NOISE = ["0", "1", "-", ",", "/", " ", "[", "]", "{", "}", "\"", "\\", ":", "e", ".", "n", "\u0000", "\n", "😀", "\\u0061", "\\ud800", "_"];

class JsonFrames {
  constructor(random, values, parser) {
    this.random = random;
    this.values = values;
    this.parser = parser;
  }

  /** The frames of one decoder: a packet or a few, one after the other. */
  frames() {
    const { random } = this;
    const packets = random.weighted([
      [6, () => 1],
      [1, () => random.between(2, 4)],
    ]);
    const frames = random.list(packets, () => this.packetFrames()).flat();
    return random.oneIn(8) ? this.rearranged(frames) : frames;
  }

  packetFrames() {
    return this.random.weighted([
      [4, () => this.encoded()],
      [4, () => this.rewritten()],
      [4, () => this.composed()],
      [1, () => this.composed().slice(0, 1)],
      [2, () => this.almost()],
      [5, () => this.damaged(this.random.oneIn(2) ? this.encoded() : this.composed())],
    ]);
  }

  /** What the reference writes. */
  encoded() {
    return this.parser.encode(this.packet()).map((frame) => (typeof frame === "string" ? wellFormed(frame) : frame));
  }

  /** The parsers of protocol 4 are told which packets are binary. */
  packet() {
    const packet = this.values.packet();
    const binary = this.parser.origin.protocol === 4 && hasBinary(packet.data);
    if (binary) {
      packet.type = packet.type === Type.EVENT ? Type.BINARY_EVENT : Type.BINARY_ACK;
    }
    return packet;
  }

  /** The same, in other words: blanks, escapes, other orders of keys, other forms of numbers. */
  rewritten() {
    const [text, ...attachments] = this.encoded();
    const start = text.search(/[[{"]/);
    if (start < 0) {
      return [text, ...attachments];
    }
    try {
      return [text.slice(0, start) + this.rewrite(JSON.parse(text.slice(start))), ...attachments];
    } catch {
      // The bracket belonged to a namespace.
      return [text, ...attachments];
    }
  }

  rewrite(value) {
    const { random } = this;
    const blank = () => random.pick([...BLANKS.slice(0, 11)]);
    if (typeof value === "string") {
      return this.quoted(value);
    }
    if (value === null || typeof value !== "object") {
      return JSON.stringify(value);
    }
    if (Array.isArray(value)) {
      return `[${blank()}${value.map((item) => this.rewrite(item) + blank()).join(`,${blank()}`)}]`;
    }
    let entries = Object.entries(value);
    if (random.oneIn(4)) {
      entries = random.shuffle(entries);
    }
    const members = entries.map(([key, item]) => `${this.quoted(key)}${blank()}:${blank()}${this.rewrite(item)}`);
    if (members.length > 0 && random.oneIn(12)) {
      members.push(`${this.quoted(random.pick(entries)[0])}:${this.scalar()}`);
    }
    return `{${blank()}${members.join(`,${blank()}`)}}`;
  }

  quoted(string) {
    const { random } = this;
    let text = "\"";
    for (const character of string) {
      const plain = JSON.stringify(character).slice(1, -1);
      text += random.oneIn(8) ? this.escaped(character) : plain;
    }
    return `${wellFormed(text)}"`;
  }

  escaped(character) {
    const { random } = this;
    if (character === "/" && random.oneIn(2)) {
      return "\\/";
    }
    const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i).toString(16).padStart(4, "0"));
    return units.map((unit) => `\\u${random.oneIn(2) ? unit : unit.toUpperCase()}`).join("");
  }

  /** Pieces, each of which may be wrong. */
  composed() {
    const { random } = this;
    const type = random.weighted([
      [10, () => "2"],
      [4, () => "3"],
      [8, () => "5"],
      [3, () => "6"],
      [2, () => "0"],
      [1, () => "1"],
      [2, () => "4"],
      [1, () => random.pick(["7", "9", "", " ", "x", "-", "\n", "٢", "[", "\""])],
    ]);
    const binary = type === "5" || type === "6";
    const count = random.oneIn(4) ? random.pick(COUNTS) : random.pick(["1", "1", "2", "3"]);
    const namespace = random.weighted([
      [5, () => ""],
      [3, () => `${random.pick(NAMESPACES)},`],
      [1, () => random.pick(["/", "/a", "/a,b,", ",", "/,", "a,", "/é", "/a\n,", "/\u001e,"])],
      [random.oneIn(6) ? 1 : 0, () => `/${"n".repeat(random.between(1020, 1028))},`],
    ]);
    const id = random.oneIn(4) ? random.pick(IDS) : random.pick(["", "1", "12"]);
    const payload = random.oneIn(12) ? "" : this.payload(type, binary);
    const head = binary ? `${type}${count}${random.oneIn(15) ? "" : "-"}` : type;
    const text = wellFormed(head + namespace + id + payload);
    if (!binary) {
      return [text];
    }
    const announced = Number(count);
    const given = announced <= 12 && !random.oneIn(4) ? announced : random.below(3);
    return [text, ...random.list(Math.max(0, Math.floor(given)) || 0, () => this.values.binary())];
  }

  /** A packet in which one thing is wrong, or none. */
  almost() {
    const { random } = this;
    const count = random.between(1, 3);
    const type = random.pick(["5", "5", "6"]);
    const numbers = random.shuffle(random.list(count, String));
    const odd = random.below(count);
    numbers[odd] = random.weighted([
      [4, () => numbers[odd]],
      [2, () => String(random.below(count + 1))],
      [3, () => random.pick([`${numbers[odd]}.0`, `${numbers[odd]}e0`, `-${numbers[odd]}`, "0.5", `${numbers[odd]}.`, `"${numbers[odd]}"`])],
    ]);
    const items = numbers.map((number) => `{"_placeholder":true,"num":${number}}`);
    if (random.oneIn(3)) {
      items.splice(random.below(count + 1), 0, this.json(2, true));
    }
    const name = type === "5" ? [this.nameText()] : [];
    const namespace = random.oneIn(6) ? `/${"n".repeat(random.between(1022, 1025))},` : "";
    const given = random.oneIn(6) ? random.below(count) : count;
    const zeros = random.oneIn(8) ? "00" : "";
    return [`${type}${zeros}${count}-${namespace}${zeros}${random.below(9)}[${[...name, ...items].join()}]`, ...random.list(given, () => this.values.binary())];
  }

  payload(type, binary) {
    const { random } = this;
    const blank = () => random.pick(BLANKS);
    return random.weighted([
      [type === "0" || type === "4" ? 10 : 0, () => random.pick(["{}", "{\"a\":1}", "[]", "null", "[{}]", "\"x\"", "true", "0", "{"])],
      [10, () => {
        const items = random.list(random.below(4), () => this.json(3, binary));
        if (type === "2" || type === "5") {
          items.unshift(this.nameText());
        }
        return `[${items.map((item) => blank() + item + blank()).join()}]${blank()}`;
      }],
      [4, () => this.json(3, binary)],
      [1, () => this.deep()],
    ]);
  }

  nameText() {
    const { random } = this;
    return random.weighted([
      [10, () => this.quoted(random.pick(NAMES))],
      [3, () => this.quoted(random.pick(RESERVED))],
      [2, () => random.pick(NUMBERS)],
      [1, () => this.json(1, false)],
      [random.oneIn(3) ? 1 : 0, () => JSON.stringify(random.pick(["n", "é"]).repeat(random.pick([511, 512, 513, 1023, 1024, 1025])))],
      [1, () => "\"\\ud800\""],
    ]);
  }

  /** JSON, or nearly. */
  json(depth, binary) {
    const { random } = this;
    return random.weighted([
      [4, () => this.scalar()],
      [binary ? 4 : 1, () => this.placeholder()],
      [depth > 0 ? 2 : 0, () => `[${random.list(random.below(4), () => this.json(depth - 1, binary)).join()}]`],
      [depth > 0 ? 2 : 0, () => `{${random.list(random.below(4), () => `${this.quoted(random.pick(KEYS))}:${this.json(depth - 1, binary)}`).join()}}`],
    ]);
  }

  scalar() {
    const { random } = this;
    return random.weighted([
      [4, () => this.quoted(random.list(random.below(4), () => random.pick(PIECES)).join(""))],
      [1, () => `"${random.pick(["\\ud800", "\\udc00x", "\\ud83d\\ude00", "\\x", "\\u12", "\n", "\\", "\u007f"])}"`],
      [3, () => random.pick(NUMBERS)],
      [2, () => String(random.double())],
      [2, () => random.pick(WORDS)],
    ]);
  }

  placeholder() {
    const { random } = this;
    const flag = random.oneIn(12) ? random.pick(["false", "1", "\"true\"", "null"]) : "true";
    const number = random.oneIn(3) ? random.pick(PLACEHOLDER_NUMBERS) : random.pick(["0", "1", "2"]);
    let members = [`${this.quoted("_placeholder")}:${flag}`, `${this.quoted("num")}:${number}`];
    if (random.oneIn(15)) {
      members.push(random.pick(["\"x\":1", "\"num\":0", "\"_placeholder\":true", "\"_placeholder\":false", "\"x\":{\"_placeholder\":true,\"num\":0}"]));
    }
    if (random.oneIn(20)) {
      members.pop();
    }
    if (random.oneIn(3)) {
      members = random.shuffle(members);
    }
    return `{${members.join()}}`;
  }

  deep() {
    const { random } = this;
    const levels = random.pick([60, 126, 127, 128, 129, 200]);
    const [open, close] = random.pick([["[", "]"], ["{\"a\":", "}"]]);
    return `["d",${open.repeat(levels)}1${close.repeat(levels - (random.oneIn(6) ? 1 : 0))}]`;
  }

  damaged([text, ...attachments]) {
    const { random } = this;
    const start = Math.max(text.search(/[[{]/), 0);
    let damaged = [...text];
    for (let i = random.between(1, 2); i > 0; i--) {
      const inHeader = random.oneIn(2);
      const from = inHeader ? 0 : start;
      const to = inHeader ? Math.min(start + 1, damaged.length) : damaged.length;
      const at = from + random.below(Math.max(1, to - from));
      const noise = random.pick(inHeader ? HEADER_NOISE : PAYLOAD_NOISE);
      random.weighted([
        [4, () => damaged.splice(at, 0, noise)],
        [4, () => damaged.splice(at, 1)],
        [3, () => damaged.splice(at, 1, noise)],
        [1, () => damaged.splice(at)],
        [1, () => damaged.splice(at, 0, ...damaged.slice(at, at + random.below(6)))],
      ]);
      // Splicing may part a pair of surrogates that `[...text]` has joined.
      damaged = [...wellFormed(damaged.join(""))];
    }
    return [damaged.join(""), ...attachments];
  }

  /** Frames lost, doubled, exchanged, put in between. */
  rearranged(frames) {
    const { random } = this;
    const rearranged = [...frames];
    const at = random.below(rearranged.length + 1);
    random.weighted([
      [2, () => rearranged.splice(at, 1)],
      [2, () => rearranged.splice(at, 0, this.values.binary())],
      [1, () => rearranged.splice(at, 0, rearranged[at] ?? this.values.binary())],
      [1, () => rearranged.splice(at, 0, random.pick(["2[\"x\"]", "1", "0"]))],
      [1, () => rearranged.reverse()],
    ]);
    return rearranged;
  }
}

function hasBinary(value) {
  if (value === null || typeof value !== "object") {
    return false;
  }
  if (Buffer.isBuffer(value) || value instanceof ArrayBuffer) {
    return true;
  }
  return Object.values(value).some(hasBinary);
}

module.exports = { JsonFrames, hasBinary };
