"use strict";

// Packets that the parsers of the 2.x line encode. These do not look for binaries themselves: whoever calls them
// says BINARY_EVENT or BINARY_ACK.

const { Type } = require("../../lib/parsers.js");

const { CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR, BINARY_EVENT, BINARY_ACK } = Type;

const bytes = (...list) => Buffer.from(list);

module.exports = [
  ["connect", { type: CONNECT, nsp: "/" }],
  ["connect to a namespace", { type: CONNECT, nsp: "/adm" }],
  ["connect to a namespace with a query", { type: CONNECT, nsp: "/adm?token=abc" }],
  ["disconnect", { type: DISCONNECT, nsp: "/" }],
  ["disconnect from a namespace", { type: DISCONNECT, nsp: "/adm" }],
  ["refusal that is a string", { type: CONNECT_ERROR, nsp: "/deny", data: "no way" }],
  ["refusal that is an object", { type: CONNECT_ERROR, nsp: "/deny2", data: { a: 1 } }],
  ["refusal at the root", { type: CONNECT_ERROR, nsp: "/", data: "Authentication error" }],
  ["refusal of an unknown namespace", { type: CONNECT_ERROR, nsp: "/nope", data: { message: "Invalid namespace" } }],
  ["event", { type: EVENT, nsp: "/", data: ["foo", "bar"] }],
  ["event with an id", { type: EVENT, nsp: "/", id: 1, data: ["foo"] }],
  ["event in a namespace with an id", { type: EVENT, nsp: "/adm", id: 0, data: ["a/b", { c: [1, null] }] }],
  ["event with other letters", { type: EVENT, nsp: "/", data: ["😀", "é\u2028"] }],
  ["ack", { type: ACK, nsp: "/", id: 3, data: [] }],
  ["ack in a namespace", { type: ACK, nsp: "/adm", id: 3, data: ["ok", 1] }],
  ["binary event", { type: BINARY_EVENT, nsp: "/", data: ["bin", bytes(1, 2)] }],
  ["binary event in a namespace with an id", { type: BINARY_EVENT, nsp: "/adm", id: 23, data: ["bin", { a: bytes(1) }, bytes(2)] }],
  ["binary ack", { type: BINARY_ACK, nsp: "/", id: 4, data: [bytes(5)] }],
  ["event with an offset", { type: EVENT, nsp: "/", data: ["b", "Q7u5_V8.0"] }],
];
