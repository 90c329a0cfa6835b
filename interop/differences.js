"use strict";

// Where the Rust decoder decides otherwise than the npm parser, on purpose. Whatever is not in this list is to be
// the same.
//
//   refused  the reference accepts this, or waits for more; ours refuses it.
//            `applies(reading)` says whether a message that the reference takes is such a one.
//   value    both accept it, and something else comes out.
//            `change(packet, reading)` makes our packet of the reference's, or returns undefined.
//
// Vectors name these rules. The differential test predicts by them what the Rust decoder says, so that a rule that
// covers too much is as much of an error as one that covers too little. A rule that nothing makes use of is an
// error in both.

const { depth, isFlat, isPlaceholder, member, walk } = require("./lib/json-packet.js");
const { wellFormed } = require("./lib/tagged.js");

const RESERVED = ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];
const MAX_DEPTH = 128;
const MAX_NAME = 1024;
const MAX_ID = 2n ** 64n - 1n;

const byteLength = (text) => Buffer.byteLength(text);
const isDigits = (text) => /^[0-9]+$/.test(text);
const isEvent = ({ type }) => type === "2" || type === "5";
const isAck = ({ type }) => type === "3" || type === "6";

/** The default parser. A reading is `{ protocol, parts, tree }`, of lib/json-packet.js. */
const JSON_RULES = [
  refused("unknown-types", {
    reason: "the parsers of protocol 4 make a refusal packet of it that the peer never sent",
    applies: ({ parts }) => !(Number(parts.type) >= 0 && Number(parts.type) <= 6),
  }),
  refused("blank-type", {
    reason: "Number(\"\") and Number(\" \") are 0 in JavaScript, so that nothing at all is read as CONNECT",
    applies: ({ parts }) => !isDigits(parts.type),
  }),
  refused("attachment-counts", {
    reason: "a count is digits; JavaScript takes any text that it can convert to a number",
    applies: ({ parts }) => parts.count !== undefined && !isDigits(parts.count),
  }),
  refused("blanks-for-digits", {
    reason: "Number(\" \") is 0 in JavaScript, so that blanks are read as digits of an acknowledgement id",
    applies: ({ parts }) => parts.id !== undefined && !isDigits(parts.id),
  }),
  refused("id-beyond-64-bits", {
    reason: "JavaScript rounds it to a double, and an answer would carry another id",
    applies: ({ parts }) => parts.id !== undefined && BigInt(parts.id) > MAX_ID,
  }),
  refused("id-out-of-place", {
    reason: "only EVENT and ACK carry an acknowledgement id",
    applies: ({ parts }) => parts.id !== undefined && !isEvent(parts) && !isAck(parts),
  }),
  refused("ack-without-id", {
    reason: "it answers nothing",
    applies: ({ parts }) => isAck(parts) && parts.id === undefined,
  }),
  refused("event-without-payload", {
    reason: "an event has a name",
    applies: ({ parts }) => isEvent(parts) && parts.payload === undefined,
  }),
  refused("null-and-arrays-for-objects", {
    reason: "typeof null and typeof [] are \"object\" in JavaScript; the parser of protocol 5 refuses them too",
    applies: ({ parts, tree }) => (parts.type === "0" || parts.type === "4") && tree !== undefined && (tree.array !== undefined || tree.literal === null),
  }),
  refused("reserved-names", {
    reason: "these names mean events of the library itself; only the parser of protocol 5 refuses them",
    applies: ({ parts, tree }) => isEvent(parts) && RESERVED.includes(tree.array[0].string),
  }),
  refused("long-names", {
    reason: "event names and namespaces are limited to 1 KiB",
    applies: ({ parts, tree, nsp }) => byteLength(nsp) > MAX_NAME || (isEvent(parts) && byteLength(wellFormed(tree.array[0].string ?? "")) > MAX_NAME),
  }),
  refused("control-characters-in-namespaces", {
    reason: "one of them separates packets in the bodies of long polling",
    applies: ({ nsp }) => /[\u0000-\u001f\u007f]/.test(nsp),
  }),
  refused("deep-nesting", {
    reason: "more than 128 levels; a reader that recurses would run out of stack",
    applies: ({ tree, parts }) => tree !== undefined && depth(tree, parts.count !== undefined) > MAX_DEPTH,
  }),
  refused("placeholder-members", {
    reason: "a placeholder has no arrays and objects in it, which the reference drops, and says what it is once",
    applies: (reading) => someObject(reading, (node) => claims(node) && !(isFlat(node) && isPlaceholder(node))),
  }),
  refused("placeholder-numbers", {
    reason: "an index is digits: 0.5 is none, and -0 and 1e0 are nothing that an encoder writes",
    applies: (reading) => someObject(reading, (node) => isPlaceholder(node) && inRange(node, reading) && !isDigits(member(node, "num").number)),
  }),
  refused("attachments-at-once", {
    reason: "what a text says wrong of its attachments is known before they arrive",
    applies: (reading) => someObject(reading, (node) => isPlaceholder(node) && !inRange(node, reading)),
  }),
  refused("attachments-once-each", {
    reason: "bytes that nobody refers to are dropped, and those referred to twice are doubled",
    applies: (reading) => {
      if (reading.parts.count === undefined) {
        return false;
      }
      const numbers = [];
      someObject(reading, (node) => isPlaceholder(node) && numbers.push(Number(member(node, "num").number)) && false);
      return numbers.sort((a, b) => a - b).join() !== [...Array(Number(reading.parts.count)).keys()].join();
    },
  }),
  value("ack-without-payload", {
    reason: "no arguments are an empty list of them",
    change: (packet, { parts }) => (isAck(parts) && packet.data === undefined ? { ...packet, data: [] } : undefined),
  }),
  value("query-of-a-namespace", {
    reason: "the query that clients of protocol 4 append is taken off the name and handed out as auth",
    change: (packet, { protocol, parts }) => (protocol === 4 && parts.type === "0" ? withoutQuery(packet) : undefined),
  }),
  value("number-for-a-name", {
    reason: "a name is text; JavaScript finds the listeners of a number by its text",
    change: (packet, { parts }) => (isEvent(parts) && typeof packet.data[0] === "number" ? { ...packet, data: [String(packet.data[0]), ...packet.data.slice(1)] } : undefined),
  }),
  value("lone-surrogates", {
    reason: "a Rust string holds no lone surrogates: each becomes U+FFFD",
    change: (packet) => {
      const changed = mapStrings(packet, wellFormed);
      return JSON.stringify(changed) === JSON.stringify(packet) ? undefined : changed;
    },
  }),
];

/** Packets that the reference encodes and we do not: `applies` is asked with its frames. */
const ENCODE_RULES = [
  {
    name: "more-than-ten-attachments",
    codecs: ["json-v4", "json-v5"],
    reason: "no peer takes them: the limit of the reference is in its decoder only",
    applies: (frames) => frames.length > 11,
  },
];

function refused(name, { reason, applies }) {
  return { name, ours: "refused", reason, applies };
}

function value(name, { reason, change }) {
  return { name, ours: "value", reason, change };
}

/** Whether any member of the object says that it is a placeholder. */
function claims(node) {
  return node.members.some(([key, item]) => key === "_placeholder" && item.literal === true);
}

/** Whether the reference takes the number of this placeholder. */
function inRange(node, { parts }) {
  const number = Number(member(node, "num")?.number ?? NaN);
  return number >= 0 && number < Number(parts.count);
}

/** Whether an object among the arguments of a binary packet is such a one. */
function someObject({ parts, tree }, test) {
  if (parts.count === undefined || tree?.array === undefined) {
    return false;
  }
  let found = false;
  walk(tree, (node) => {
    if (node.members !== undefined && test(node)) {
      found = true;
    }
  });
  return found;
}

function withoutQuery(packet) {
  const at = packet.nsp.indexOf("?");
  if (at < 0) {
    return undefined;
  }
  const data = packet.data ?? Object.fromEntries(new URLSearchParams(packet.nsp.slice(at + 1)));
  return { ...packet, nsp: packet.nsp.slice(0, at), data };
}

function mapStrings(item, change) {
  if (typeof item === "string") {
    return change(item);
  }
  if (item === null || typeof item !== "object" || Buffer.isBuffer(item) || item instanceof ArrayBuffer || item instanceof Date) {
    return item;
  }
  if (Array.isArray(item)) {
    return item.map((element) => mapStrings(element, change));
  }
  return Object.fromEntries(Object.entries(item).map(([key, element]) => [change(key), mapStrings(element, change)]));
}

module.exports = { ENCODE_RULES, JSON_RULES };
