"use strict";

// Packets that the default parser of protocol 5 encodes. All are such that another language can build them too:
// no functions, no classes, no numbers as event names.

const { Type } = require("../../lib/parsers.js");

const { CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR } = Type;

const bytes = (...list) => Buffer.from(list);
const event = (data, rest = {}) => ({ type: EVENT, nsp: "/", ...rest, data });
const ack = (id, data, rest = {}) => ({ type: ACK, nsp: "/", id, ...rest, data });

const shared = bytes(9, 8, 7);
const longText = "lorem ipsum ".repeat(40);

module.exports = [
  // CONNECT
  ["connect without a payload", { type: CONNECT, nsp: "/" }],
  ["connect with a session id", { type: CONNECT, nsp: "/", data: { sid: "oSO0OpakMV_3jnilAAAA" } }],
  ["connect with session id and private id", { type: CONNECT, nsp: "/", data: { sid: "oSO0OpakMV_3jnilAAAA", pid: "Vu_u5lsAfVq9ccGaAAAC" } }],
  ["connect to a namespace", { type: CONNECT, nsp: "/admin" }],
  ["connect to a namespace with auth", { type: CONNECT, nsp: "/admin", data: { token: "123" } }],
  ["connect with empty auth", { type: CONNECT, nsp: "/", data: {} }],
  ["connect with nested auth", { type: CONNECT, nsp: "/", data: { user: { name: "zoë", roles: ["a", "b"] }, n: 1 } }],
  ["connect to recover a session", { type: CONNECT, nsp: "/", data: { pid: "Vu_u5lsAfVq9ccGaAAAC", offset: "Q7u5_V8.0" } }],
  ["connect to recover a session with auth", { type: CONNECT, nsp: "/chat", data: { pid: "Vu_u5lsAfVq9ccGaAAAC", offset: "Q7u5_V8", token: "t" } }],
  ["connect to a namespace with a query", { type: CONNECT, nsp: "/adm?token=abc&x=1" }],
  ["connect to a namespace with other letters", { type: CONNECT, nsp: "/чат-😀" }],
  ["connect to a namespace with several slashes", { type: CONNECT, nsp: "/a/b//c/" }],

  // DISCONNECT
  ["disconnect", { type: DISCONNECT, nsp: "/" }],
  ["disconnect from a namespace", { type: DISCONNECT, nsp: "/admin" }],

  // CONNECT_ERROR
  ["connect error with a message", { type: CONNECT_ERROR, nsp: "/", data: { message: "Not authorized" } }],
  ["connect error in a namespace", { type: CONNECT_ERROR, nsp: "/nope", data: { message: "Invalid namespace" } }],
  ["connect error with data", { type: CONNECT_ERROR, nsp: "/", data: { message: "E1", data: { code: 401, label: "x" } } }],
  ["connect error with quotes in the message", { type: CONNECT_ERROR, nsp: "/", data: { message: "say \"no\"\n" } }],

  // EVENT
  ["event without arguments", event(["foo"])],
  ["event with a string", event(["foo", "bar"])],
  ["event with several arguments", event(["foo", 1, "2", [3]])],
  ["event with null", event(["foo", null])],
  ["event with undefined", event(["foo", undefined])],
  ["event with undefined between others", event(["foo", 1, undefined, 2])],
  ["event with true and false", event(["foo", true, false])],
  ["event with an empty string", event(["foo", ""])],
  ["event with an empty array", event(["foo", []])],
  ["event with an empty object", event(["foo", {}])],
  ["event with nested arrays", event(["foo", [[[["deep"]]], []]])],
  ["event with nested objects", event(["foo", { a: { b: { c: { d: "deep" } } } }])],
  ["event with objects in arrays in objects", event(["foo", { list: [{ x: 1 }, { x: [2, { y: 3 }] }] }])],
  ["event with an undefined member, which is left out", event(["foo", { a: 1, b: undefined, c: 2 }])],
  ["event with a null member", event(["foo", { a: null }])],
  ["event with long text", event(["foo", longText])],
  ["event in a namespace", event(["foo", "bar"], { nsp: "/admin" })],
  ["event in a namespace with other letters", event(["foo"], { nsp: "/日本語" })],
  ["event in a namespace with a query", event(["foo"], { nsp: "/a?b=c" })],
  ["event in a namespace with spaces", event(["foo"], { nsp: "/a b" })],
  ["event in a namespace of digits", event(["foo"], { nsp: "/123" })],

  // event names
  ["event name with quotes", event(["say \"hi\"", 1])],
  ["event name with a backslash", event(["a\\b", 1])],
  ["event name with a slash", event(["a/b", 1])],
  ["event name with commas", event(["a,b,c", 1])],
  ["event name with brackets", event(["[\"x\"]", 1])],
  ["event name with spaces", event([" a b ", 1])],
  ["event name that is empty", event(["", 1])],
  ["event name with an emoji", event(["😀", 1])],
  ["event name with accents", event(["café", 1])],
  ["event name with line breaks", event(["a\nb\r\tc", 1])],
  ["event name with control characters", event(["\u0000\u0001\u001f\u007f", 1])],
  ["event name with line separators", event(["a\u2028b\u2029", 1])],
  ["event name of digits", event(["123", 1])],
  ["event name that looks like a packet", event(["2[\"x\"]", 1])],
  ["event name error, which is not reserved", event(["error", 1])],
  ["event name close to a reserved one", event(["connected", 1])],
  ["event name reserved but for its case", event(["Connect", 1])],
  ["event name with combining characters", event(["e\u0301", 1])],

  // strings
  ["string with everything that is escaped", event(["s", "\b\t\n\f\r\"\\"])],
  ["string with all control characters", event(["s", Array.from({ length: 32 }, (_, i) => String.fromCharCode(i)).join("")])],
  ["string with a slash, which is not escaped", event(["s", "</script>"])],
  ["string with characters outside the basic plane", event(["s", "𝄞 😀 👨‍👩‍👧 🇫🇷"])],
  ["string with the highest characters", event(["s", "\uffff \u{10ffff}"])],
  ["string with a byte order mark", event(["s", "\ufeffx"])],
  ["string with two, three and four bytes a character", event(["s", "é€😀"])],
  ["string of digits stays a string", event(["s", "123"])],
  ["key with everything that is escaped", event(["s", { "\b\t\n\f\r\"\\": 1 }])],
  ["key that is empty", event(["s", { "": 1 }])],
  ["keys in the order of their making", event(["s", { z: 1, a: 2, m: 3 }])],
  ["key __proto__", event(["s", JSON.parse("{\"__proto__\":{\"x\":1}}")])],
  ["key that begins with a dollar", event(["s", { $bin: "no", $x: 1 }])],

  // numbers
  ["small integers", event(["n", 0, 1, -1, 9, 10, 127, 128, 255, 256])],
  ["integers of 16 bits and beyond", event(["n", 32767, 32768, 65535, 65536, -32768, -32769])],
  ["integers of 32 bits and beyond", event(["n", 2147483647, 2147483648, 4294967295, 4294967296, -2147483648, -2147483649])],
  ["the largest safe integers", event(["n", 9007199254740991, -9007199254740991])],
  ["fractions", event(["n", 0.5, -0.5, 1.5, 3.141592653589793, 0.1, 1e-7, 123456.789])],
  ["large and small doubles", event(["n", 1e21, 1.7976931348623157e308, 5e-324, 2.2250738585072014e-308, -1e300])],
  ["negative zero, which loses its sign", event(["n", -0])],
  ["numbers that JSON does not have", event(["n", NaN, Infinity, -Infinity])],
  ["numbers that JSON does not have, in an object", event(["n", { a: NaN, b: [Infinity] }])],

  // ids
  ["event with id 0", event(["foo"], { id: 0 })],
  ["event with an id", event(["foo", "bar"], { id: 12 })],
  ["event with an id in a namespace", event(["foo"], { nsp: "/admin", id: 456 })],
  ["event with a large id", event(["foo"], { id: 4294967296 })],
  ["event with the largest safe id", event(["foo"], { id: 9007199254740991 })],
  ["event with id 2^53", event(["foo"], { id: 9007199254740992 })],
  ["event of digits with an id", event(["123"], { id: 5 })],

  // ACK
  ["ack without arguments", ack(0, [])],
  ["ack with an argument", ack(12, ["ok"])],
  ["ack with several arguments", ack(13, [null, { a: 1 }, "x"])],
  ["ack with a number first", ack(14, [1, 2])],
  ["ack with a reserved word first", ack(15, ["connect"])],
  ["ack with an array", ack(16, [["a"]])],
  ["ack in a namespace", ack(17, ["ok"], { nsp: "/admin" })],

  // binary events
  ["binary as the only argument", event(["bin", bytes(1, 2, 3)])],
  ["binary that is empty", event(["bin", bytes()])],
  ["binary with every byte", event(["bin", Buffer.from(Array.from({ length: 256 }, (_, i) => i))])],
  ["binary beside others", event(["bin", "x", bytes(1), 2])],
  ["binary in an array", event(["bin", [bytes(1), bytes(2, 3)]])],
  ["binary in an object", event(["bin", { data: bytes(4, 5) }])],
  ["binary deep in objects and arrays", event(["bin", { a: [{ b: { c: [[bytes(1)]] } }], z: bytes(2) }])],
  ["binaries in the order in which they are met", event(["bin", { z: bytes(1), a: [bytes(2), { q: bytes(3) }] }, bytes(4)])],
  ["one buffer twice is two attachments", event(["bin", shared, shared])],
  ["binary beside null and undefined", event(["bin", null, bytes(1), undefined])],
  ["binary beside numbers that JSON does not have", event(["bin", NaN, bytes(1)])],
  ["binary beside an undefined member", event(["bin", { a: undefined, b: bytes(1) }])],
  ["binary in a namespace", event(["bin", bytes(1)], { nsp: "/admin" })],
  ["binary with an id", event(["bin", bytes(1)], { id: 7 })],
  ["binary with an id in a namespace", event(["bin", bytes(1)], { nsp: "/admin", id: 456 })],
  ["ten binaries", event(["bin", ...Array.from({ length: 10 }, (_, i) => bytes(i))])],
  ["binary beside an object shaped like a placeholder", event(["bin", bytes(1), { _placeholder: false, num: 0 }])],
  ["no binary, but an object shaped like a placeholder", event(["text", { _placeholder: true, num: 0 }])],
  ["binary of 300 bytes", event(["bin", Buffer.alloc(300, 0xab)])],
  ["binary in an ArrayBuffer", event(["bin", new Uint8Array([1, 2]).buffer])],

  // binary acks
  ["binary ack", ack(20, [bytes(1, 2)])],
  ["binary ack in a namespace", ack(21, ["x", { b: bytes(1) }], { nsp: "/admin" })],
  ["binary ack with binary first", ack(22, [bytes(1), "x", bytes(2)])],

  // recovery: the offset is one more argument
  ["event with an offset", event(["b", "Q7u5_V8"])],
  ["event with an offset after its arguments", event(["b", { a: 1 }, "Q7u5_V8.0"])],
  ["binary event with an offset", event(["c", bytes(1), "Q7u5_V8.1"])],
];
