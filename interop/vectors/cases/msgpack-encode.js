"use strict";

// Packets that the MessagePack parser encodes. Keys travel in the order in which the sender has set them, and
// the senders differ; `by` names who sends in this order:
//
//   server     CONNECT, EVENT, ACK, DISCONNECT of a server
//   broadcast  EVENT of a server to many, with an acknowledgement
//   client     everything that a client sends
//   value      made here: what matters is the value, in the order that a server uses
//
// Those whose bytes our encoder can write are vectors for encoding; all are vectors for decoding.

const { Type } = require("../../lib/parsers.js");

const { CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR } = Type;

const bytes = (...list) => Buffer.from(list);
const value = (name, ...data) => [name, "value", { type: EVENT, data: ["v", ...data], nsp: "/" }];
const text = (n, c = "x") => c.repeat(n);
const object = (n) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, i]));
const ints = (name, ...numbers) => value(name, ...numbers);

module.exports = [
  // packets of a server
  ["connect with ids", "server", { type: CONNECT, data: { sid: "oSO0OpakMV_3jnilAAAA", pid: "Vu_u5lsAfVq9ccGaAAAC" }, nsp: "/" }],
  ["connect with a session id only: the private id is undefined", "server", { type: CONNECT, data: { sid: "oSO0OpakMV_3jnilAAAA", pid: undefined }, nsp: "/" }],
  ["connect to a namespace", "server", { type: CONNECT, data: { sid: "s", pid: undefined }, nsp: "/admin" }],
  ["refusal by a middleware", "server", { type: CONNECT_ERROR, data: { message: "no", data: { code: 401 } }, nsp: "/" }],
  ["refusal of an unknown namespace, where the data comes last", "server", { type: CONNECT_ERROR, nsp: "/nope", data: { message: "Invalid namespace" } }],
  ["refusal that is a string", "server", { type: CONNECT_ERROR, data: "no way", nsp: "/" }],
  ["disconnect", "server", { type: DISCONNECT, nsp: "/" }],
  ["disconnect from a namespace", "server", { type: DISCONNECT, nsp: "/admin" }],
  ["event without arguments", "server", { type: EVENT, data: ["foo"], nsp: "/" }],
  ["event with arguments", "server", { type: EVENT, data: ["foo", 1, "2", [3], { a: null }, true, false, null], nsp: "/" }],
  ["event in a namespace", "server", { type: EVENT, data: ["foo"], nsp: "/admin" }],
  ["event in a namespace with other letters", "server", { type: EVENT, data: ["foo"], nsp: "/日本語" }],
  ["event with id 0", "server", { type: EVENT, data: ["foo"], id: 0, nsp: "/" }],
  ["event with an id", "server", { type: EVENT, data: ["foo", "bar"], id: 12, nsp: "/admin" }],
  ["event with an id of 32 bits", "server", { type: EVENT, data: ["foo"], id: 4294967295, nsp: "/" }],
  ["event with the largest safe id", "server", { type: EVENT, data: ["foo"], id: 9007199254740991, nsp: "/" }],
  ["event with binary", "server", { type: EVENT, data: ["bin", bytes(1, 2, 3)], nsp: "/" }],
  ["event with an offset", "server", { type: EVENT, data: ["b", { a: 1 }, "Q7u5_V8.0"], nsp: "/" }],
  ["binary event with an offset", "server", { type: EVENT, data: ["c", bytes(1), "Q7u5_V8.1"], nsp: "/" }],
  ["event name with an emoji", "server", { type: EVENT, data: ["😀 a/b,\"c\""], nsp: "/" }],
  ["event name of 40 letters", "server", { type: EVENT, data: [text(40)], nsp: "/" }],
  ["event to many with an acknowledgement, where the id comes last", "broadcast", { type: EVENT, data: ["foo", 1], nsp: "/", id: 3 }],
  ["ack, where the id comes first", "server", { id: 12, type: ACK, data: ["ok"], nsp: "/" }],
  ["ack without arguments", "server", { id: 0, type: ACK, data: [], nsp: "/admin" }],
  ["ack with binary", "server", { id: 7, type: ACK, data: [bytes(9)], nsp: "/" }],

  // packets of a client
  ["connect without auth: the data is undefined", "client", { type: CONNECT, data: undefined, nsp: "/" }],
  ["connect with auth", "client", { type: CONNECT, data: { token: "123" }, nsp: "/" }],
  ["connect to a namespace with auth", "client", { type: CONNECT, data: { token: "123", n: [1] }, nsp: "/admin" }],
  ["connect to recover a session", "client", { type: CONNECT, data: { pid: "Vu_u5lsAfVq9ccGaAAAC", offset: "Q7u5_V8.0" }, nsp: "/" }],
  ["connect to recover a session before any event", "client", { type: CONNECT, data: { pid: "Vu_u5lsAfVq9ccGaAAAC", offset: undefined }, nsp: "/" }],
  ["event with the options of a client", "client", { type: EVENT, data: ["foo"], options: { compress: true }, nsp: "/" }],
  ["event with the options of a client and an id", "client", { type: EVENT, data: ["foo", bytes(1)], options: { compress: true }, id: 5, nsp: "/" }],
  ["event that is not to be compressed", "client", { type: EVENT, data: ["foo"], options: { compress: false }, nsp: "/chat" }],
  ["ack of a client, where the id comes second", "client", { type: ACK, id: 12, data: ["ok"], nsp: "/" }],
  ["disconnect of a client", "client", { type: DISCONNECT, nsp: "/" }],

  // values
  value("null, true, false", null, true, false),
  value("undefined as an argument", undefined),
  value("undefined between others", 1, undefined, [undefined]),
  value("undefined as a member, which is kept", { a: undefined, b: 1 }),
  ints("fixint, at its edges", 0, 1, 126, 127),
  ints("uint 8, at its edges", 128, 255),
  ints("uint 16, at its edges", 256, 65535),
  ints("uint 32, at its edges", 65536, 4294967295),
  ints("uint 64, at its edges", 4294967296, 9007199254740991),
  ints("negative fixint, at its edges", -1, -2, -31, -32),
  ints("int 8, at its edges", -33, -127, -128),
  ints("int 16, at its edges", -129, -32767, -32768),
  ints("int 32, at its edges", -32769, -2147483647, -2147483648),
  ints("int 64, at its edges", -2147483649, -4294967296, -4294967297, -9007199254740991),
  value("negative zero, which loses its sign", -0),
  value("doubles", 0.5, -0.5, 1.5, 3.141592653589793, 0.1, 1e-7, 5e-324, -1.25e-300),
  value("doubles that are whole are written as integers", 2.0, -3.0, 1e15),
  value("NaN and the infinities", NaN, Infinity, -Infinity),
  value("empty string", ""),
  value("fixstr, at its edge", text(31)),
  value("str 8, at its edges", text(32), text(33), text(255)),
  value("str 16, at its lower edge", text(256)),
  value("str 16, at its upper edge", text(65535)),
  value("str 32, at its lower edge", text(65536)),
  value("lengths count bytes", text(15, "é"), text(16, "é"), text(10, "€"), text(11, "€"), text(7, "😀"), text(8, "😀")),
  value("characters of all lengths", "é€😀\u2028\ufeff\uffff\u{10ffff}"),
  value("characters of all lengths, in a long string", text(10, "é€😀\u2028")),
  value("control characters", "\u0000\u0001\n\u007f"),
  value("empty binary", bytes()),
  value("bin 8, at its edges", bytes(1), Buffer.alloc(32, 1), Buffer.alloc(33, 2), Buffer.alloc(255, 3)),
  value("bin 16, at its lower edge", Buffer.alloc(256, 4)),
  value("bin 16, at its upper edge", Buffer.alloc(65535, 5)),
  value("bin 32, at its lower edge", Buffer.alloc(65536, 6)),
  value("empty array", []),
  value("fixarray, at its edge", Array.from({ length: 15 }, (_, i) => i)),
  value("array 16, at its lower edge", Array.from({ length: 16 }, (_, i) => i)),
  value("array 16, at its upper edge", new Array(65535).fill(0)),
  value("array 32, at its lower edge", new Array(65536).fill(0)),
  ["many arguments", "value", { type: EVENT, data: ["v", ...Array.from({ length: 20 }, (_, i) => i)], nsp: "/" }],
  value("empty object", {}),
  value("fixmap, at its edge", object(15)),
  value("map 16, at its lower edge", object(16)),
  value("map 16, further up", object(300)),
  value("keys in the order of their making", { z: 1, a: 2, m: 3 }),
  value("keys of all kinds", { "": 1, "é": 2, "a b": 3, $bin: 4, [text(40)]: 5 }),
  value("nested objects and arrays", { a: [{ b: { c: [[1, [2]]] } }], d: {} }),
  value("binary deep inside", { a: [{ b: bytes(1) }], c: bytes(2) }),
  value("dates", new Date(0), new Date(1), new Date(1700000000123)),
  value("dates before 1970", new Date(-1), new Date(-62135596800000)),
  value("the last date", new Date(8640000000000000)),
  value("an invalid date, which becomes the first of 1970", new Date(NaN)),
  value("a date in an object", { at: new Date(1700000000123) }),
  value("ArrayBuffer", new Uint8Array([1, 2, 3]).buffer),
  value("empty ArrayBuffer", new ArrayBuffer(0)),
  value("ArrayBuffer of ext 8, at its edge", new ArrayBuffer(255)),
  value("ArrayBuffer of ext 16, at its lower edge", new ArrayBuffer(256)),
  value("ArrayBuffer of ext 32, at its lower edge", new ArrayBuffer(65536)),
  value("typed arrays", new Uint8Array([1, 2]), new Uint16Array([1, 513]), new Float64Array([1.5])),
  value("typed arrays of one, two, four, eight and sixteen bytes", ...[1, 2, 4, 8, 16].map((n) => new Uint8Array(n))),
];
