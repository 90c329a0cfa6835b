"use strict";

// Random JavaScript values and packets.

const { Type } = require("../lib/parsers.js");

const PIECES = ["a", "b", "foo", " ", "1", "0", "\"", "\\", "/", ",", "[", "]", "{", "}", ":", "\n", "\t", "\u0000", "\u001f", "\u007f", "é", "€", "😀", "\u2028", "\ufeff", "num", "_placeholder", "$bin", "true", "null"];
const KEYS = ["a", "b", "c", "num", "_placeholder", "x y", "", "é", "😀", "1", "0", "__proto__", "constructor", "toString", "length", "$bin", "\"", "\\", "\n"];
const NAMES = ["foo", "message", "a/b", "a,b", "", "😀", "café", "123", "error", "Connect", "connected", "say \"hi\"", "new\nline", "[\"x\"]", "2[\"x\"]", "__proto__"];
const NAMESPACES = ["/", "/", "/", "/admin", "/a/b", "/чат-😀", "/a b", "/123", "//", "/adm?token=abc&x=1", "/[x]"];
const INTEGERS = [0, 1, 2, 9, 10, 31, 32, 33, 127, 128, 129, 255, 256, 32767, 32768, 65535, 65536, 2147483647, 2147483648, 4294967295, 4294967296, 9007199254740990, 9007199254740991];
const DOUBLES = [0.5, 1.5, 0.1, 3.141592653589793, 1e21, 1e300, 1e-7, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 123456.789];
const SPECIAL = [-0, NaN, Infinity, -Infinity];

class Values {
  /** `kinds` says what may occur: binary, undefined, special numbers, dates, ArrayBuffers, lone surrogates. */
  constructor(random, kinds) {
    this.random = random;
    this.kinds = kinds;
  }

  value(depth = 3) {
    const { random, kinds } = this;
    return random.weighted([
      [3, () => this.string()],
      [3, () => this.integer()],
      [1, () => this.double()],
      [1, () => random.pick([null, true, false])],
      [kinds.binary ? 2 : 0, () => this.binary()],
      [kinds.undefined ? 1 : 0, () => undefined],
      [kinds.special ? 1 : 0, () => random.pick(SPECIAL)],
      [kinds.dates ? 1 : 0, () => this.date()],
      [kinds.arrayBuffers ? 1 : 0, () => this.arrayBuffer()],
      [depth > 0 ? 2 : 0, () => random.list(this.length(), () => this.value(depth - 1))],
      [depth > 0 ? 3 : 0, () => this.object(depth - 1)],
    ]);
  }

  length() {
    const { random } = this;
    return random.weighted([
      [12, () => random.below(4)],
      [1, () => random.between(14, 18)],
    ]);
  }

  integer() {
    const { random } = this;
    const integer = random.oneIn(4) ? Math.floor(random.bits() * random.pick([1, 256, 2097151])) : random.pick(INTEGERS);
    return random.oneIn(3) && integer !== 0 ? -integer : integer;
  }

  double() {
    const { random } = this;
    const double = random.weighted([
      [2, () => random.pick(DOUBLES)],
      [1, () => random.double()],
      [1, () => random.bits() / 1000],
    ]);
    // Whole numbers beyond 2^53 have no safe integer: which of them is meant is the business of the vectors.
    return Number.isInteger(double) && !this.kinds.large ? 0.25 : double;
  }

  string() {
    const { random } = this;
    const pieces = random.list(random.below(5), () => random.pick(PIECES));
    if (random.oneIn(10)) {
      pieces.push(String.fromCharCode(random.below(0x30)));
    }
    if (random.oneIn(30)) {
      pieces.push("x".repeat(random.pick([26, 29, 30, 31, 32, 33, 34, 100, 254, 255, 256, 300])));
    }
    if (this.kinds.loneSurrogates && random.oneIn(40)) {
      pieces.push(random.pick(["\ud800", "\udc00", "\ude00\ud83d", "\ud83d\ud83d\ude00"]));
    }
    return pieces.join("");
  }

  binary() {
    const { random } = this;
    return random.bytes(random.weighted([
      [10, () => random.below(5)],
      [1, () => random.pick([31, 32, 33, 255, 256, 300])],
    ]));
  }

  arrayBuffer() {
    return new Uint8Array(this.binary()).buffer;
  }

  date() {
    const { random } = this;
    return new Date(random.pick([0, 1, -1, 1700000000123, 951782400000, 253402300800000, -62167219200001, 8640000000000000, -8640000000000000, random.bits() * 1000]));
  }

  object(depth) {
    const { random } = this;
    const object = {};
    if (random.oneIn(60)) {
      object._placeholder = true;
      object.num = random.below(2);
    }
    for (let i = this.length(); i > 0; i--) {
      Object.defineProperty(object, this.key(), {
        value: this.value(depth),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return object;
  }

  key() {
    const { random } = this;
    const key = random.oneIn(4) ? this.string() : random.pick(KEYS);
    // The reference loses this one where it takes objects apart; see the rule `proto-keys`.
    return key === "__proto__" && !this.kinds.protoKeys ? "proto" : key;
  }

  args() {
    return this.random.list(this.length(), () => this.value());
  }

  id() {
    const { random } = this;
    return random.pick([0, 1, 7, 12, 456, 65536, 4294967296, 9007199254740991, random.bits()]);
  }

  /** With its members in the order in which a server of the reference has them. */
  packet() {
    const { random } = this;
    const nsp = random.pick(NAMESPACES);
    return random.weighted([
      [2, () => ({ type: Type.CONNECT, data: random.oneIn(2) ? this.auth() : undefined, nsp })],
      [1, () => ({ type: Type.DISCONNECT, nsp })],
      [1, () => ({ type: Type.CONNECT_ERROR, data: this.refusal(), nsp })],
      [10, () => ({ type: Type.EVENT, data: [this.name(), ...this.args()], ...(random.oneIn(3) && { id: this.id() }), nsp })],
      [4, () => ({ id: this.id(), type: Type.ACK, data: this.args(), nsp })],
    ]);
  }

  name() {
    return this.random.oneIn(4) ? this.string() : this.random.pick(NAMES);
  }

  auth() {
    return new Values(this.random, { ...this.kinds, binary: false, arrayBuffers: false }).object(2);
  }

  refusal() {
    const { random } = this;
    const message = this.string();
    return random.weighted([
      [2, () => ({ message })],
      [1, () => ({ message, data: this.auth() })],
    ]);
  }
}

module.exports = { Values, NAMES, NAMESPACES, PIECES, KEYS };
