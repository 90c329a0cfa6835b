"use strict";

// The kinds of questions: each makes a question for the probe, and the answer that is expected of it.

const { ENCODE_RULES, JSON_RULES, MSGPACK_RULES } = require("../differences.js");
const { JsonFrames } = require("./json-frames.js");
const { MsgpackFrames } = require("./msgpack-frames.js");
const { Oracle, readJson, readMsgpack } = require("../lib/oracle.js");
const { Parser } = require("../lib/parsers.js");
const { toTagged } = require("../lib/tagged.js");
const { Values } = require("./values.js");

/** Frames, and what comes of them. */
class Decoding {
  constructor(codec, alias, rules, read, makeFrames) {
    this.name = `${codec} decode (${alias})`;
    this.codec = codec;
    const parser = new Parser(alias);
    this.oracle = new Oracle(parser, rules, read);
    this.source = makeFrames(parser);
  }

  next() {
    const frames = this.source.frames();
    const { packets, end } = this.oracle.decode(frames);
    return {
      question: { codec: this.codec, frames: frames.map(toTagged) },
      expected: { packets, end },
      answered: ({ packets, end }) => ({ packets, end }),
      verdict: end,
    };
  }

  get used() {
    return this.oracle.used;
  }
}

/** A packet, and the very frames that come of it. */
class Encoding {
  constructor(codec, alias, makePackets) {
    this.name = `${codec} encode (${alias})`;
    this.codec = codec;
    this.parser = new Parser(alias);
    this.source = makePackets(this.parser);
    this.rules = ENCODE_RULES.filter((rule) => rule.codecs.includes(codec));
    this.used = new Map(this.rules.map(({ name }) => [name, 0]));
  }

  next() {
    const packet = this.source.packet();
    const frames = this.parser.encode(packet);
    const rule = this.rules.find(({ applies }) => applies(frames, packet));
    if (rule !== undefined) {
      this.used.set(rule.name, this.used.get(rule.name) + 1);
    }
    return {
      question: { codec: this.codec, packet: toTagged(packet) },
      expected: rule === undefined ? { frames: frames.map(withPlainNumbers) } : { refused: true },
      answered: ({ frames, error }) => (error === undefined ? { frames: frames.map(withPlainNumbers) } : { refused: true }),
      verdict: rule === undefined ? "encoded" : "refused",
    };
  }
}

const TOKENS = /"(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/g;

/** The frame with its numbers as JavaScript prints them: `1e20` and its 21 digits are the same. All else stays. */
function withPlainNumbers(frame) {
  if (typeof frame !== "string") {
    return frame;
  }
  const start = frame.search(/[[{]/);
  return frame.slice(0, start) + frame.slice(start).replace(TOKENS, (token) => (token.startsWith("\"") ? token : String(Number(token))));
}

/** `[weight, kind]` for each kind of question. */
function kinds(random) {
  const decoded = new Values(random, { binary: true, undefined: true, special: true, large: true, loneSurrogates: true });
  // Neither lone surrogates nor `__proto__` reach the wire through the reference as they are.
  const encoded = new Values(random, { binary: true, undefined: true, special: true, large: true });
  const frames = (parser) => new JsonFrames(random, decoded, parser);
  const packets = (parser) => new JsonFrames(random, encoded, parser);
  const anything = new Values(random, { binary: true, undefined: true, special: true, dates: true, arrayBuffers: true, loneSurrogates: true });
  // Serde has no undefined, no dates and one kind of bytes.
  const ours = new Values(random, { binary: true, special: true, protoKeys: true });
  return [
    [8, new Decoding("json-v5", "parser-4.2", JSON_RULES, readJson, frames)],
    [2, new Decoding("json-v4", "parser-3.4", JSON_RULES, readJson, frames)],
    [1, new Decoding("json-v4", "parser-3.3", JSON_RULES, readJson, frames)],
    [4, new Encoding("json-v5", "parser-4.2", packets)],
    [1, new Encoding("json-v4", "parser-3.4", packets)],
    [1, new Encoding("json-v4", "parser-3.3", packets)],
    [6, new Decoding("msgpack", "msgpack-3.0", MSGPACK_RULES, readMsgpack, (parser) => new MsgpackFrames(random, anything, parser))],
    [4, new Encoding("msgpack", "msgpack-3.0", () => ours)],
  ];
}

module.exports = { kinds };
