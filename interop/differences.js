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
const msgpack = require("./lib/msgpack.js");
const { isSame, wellFormed } = require("./lib/tagged.js");

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
    applies: ({ parts, tree }) => parts.type === "0" && tree !== undefined && (tree.array !== undefined || tree.literal === null),
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

/** MessagePack. A reading is `{ tree, members, packet, value }`, of lib/oracle.js. */
const MSGPACK_RULES = [
  refused("keys-that-are-no-scalars", {
    reason: "JavaScript makes text of any key: of an array its elements, of bytes what they are in UTF-8",
    applies: ({ tree }) => someNode(tree, ({ pairs }) => pairs?.some(([key]) => ["array", "map", "bin", "ext"].includes(key.kind))),
  }),
  refused("deep-nesting", {
    reason: "more than 128 levels in a member of the packet; a reader that recurses would run out of stack",
    applies: ({ tree }) => tree.pairs.some(([, item]) => msgpack.depth(item) > MAX_DEPTH),
  }),
  refused("names-that-are-no-utf-8", {
    reason: "the name of a namespace is compared, and is not mended before",
    applies: ({ members }) => !isUtf8(members.get("nsp").bytes),
  }),
  refused("namespaces-without-slash", {
    reason: "no namespace of the reference has such a name",
    applies: ({ packet }) => !packet.nsp.startsWith("/"),
  }),
  refused("commas-in-namespaces", {
    reason: "the default parser could not write such a name",
    applies: ({ packet }) => packet.nsp.includes(","),
  }),
  refused("control-characters-in-namespaces", {
    reason: "the same names are good with all codecs",
    applies: ({ packet }) => /[\u0000-\u001f\u007f]/.test(packet.nsp),
  }),
  refused("negative-ids", {
    reason: "no acknowledgement has such an id",
    applies: ({ packet }) => packet.id < 0,
  }),
  refused("inexact-ids", {
    reason: "a double from 2^53 on is no exact integer; the reference takes even 1e300 for an id",
    applies: ({ members }) => Math.abs(members.get("id")?.float) >= 2 ** 53,
  }),
  refused("id-out-of-place", {
    reason: "only EVENT and ACK carry an acknowledgement id",
    applies: ({ packet }) => packet.id !== undefined && packet.type !== 2 && packet.type !== 3,
  }),
  refused("ack-without-id", {
    reason: "it answers nothing",
    applies: ({ packet }) => packet.type === 3 && packet.id === undefined,
  }),
  refused("extensions-for-arguments", {
    reason: "the reference makes an array of its type and its bytes of any unknown extension, also where arguments are to be",
    applies: ({ packet, members }) => (packet.type === 2 || packet.type === 3) && members.get("data").kind === "ext",
  }),
  refused("event-without-name", {
    reason: "this parser of the reference does not look at the name of an event; the default one does",
    applies: ({ packet, members }) => packet.type === 2 && !["str", "int", "float"].includes(members.get("data").items[0]?.kind),
  }),
  refused("reserved-names", {
    reason: "these names mean events of the library itself; the default parser refuses them",
    applies: ({ packet }) => packet.type === 2 && RESERVED.includes(packet.data[0]),
  }),
  refused("long-names", {
    reason: "event names and namespaces are limited to 1 KiB",
    applies: ({ packet }) => byteLength(packet.nsp) > MAX_NAME || (packet.type === 2 && byteLength(String(packet.data[0])) > MAX_NAME),
  }),
  // Before the others: what they change may be what the reference has made a prototype.
  valueOf("proto-keys", "the reference loses the member: it sets the object's prototype, and refuses some packets for it"),
  valueOf("undefined-is-null", "no type of serde is undefined; a member that is undefined is left out, as in JSON"),
  valueOf("dates-are-text", "the same types serve all codecs: a date is the text that JSON has for it, an invalid one null"),
  valueOf("array-buffers-are-bytes", "the same types serve all codecs"),
  valueOf("integers-keep-64-bits", "also where they are the name of an event or a key, which are text"),
  value("number-for-a-name", {
    reason: "a name is text; JavaScript finds the listeners of a number by its text",
    change: (packet) => (packet.type === 2 && typeof packet.data[0] === "number" ? { ...packet, data: [String(packet.data[0]), ...packet.data.slice(1)] } : undefined),
  }),
];

/** Packets that the reference encodes and we do not: `applies` is asked with its frames and the packet. */
const ENCODE_RULES = [
  {
    name: "more-than-ten-attachments",
    codecs: ["json-v4", "json-v5"],
    reason: "no peer takes them: the limit of the reference is in its decoder only",
    applies: (frames) => frames.length > 11,
  },
  {
    name: "data-like-placeholders",
    codecs: ["json-v4", "json-v5"],
    reason: "next to attachments it would be taken for one, and the recipient would close the connection",
    applies: (frames, packet) => frames.length > 1 && somePlaceholder(packet.data),
  },
];

/** A rule about values in MessagePack: `toJs` of lib/msgpack.js applies it. */
function valueOf(name, reason) {
  return value(name, {
    reason,
    change: (packet, reading) => {
      if (packet.data === undefined) {
        return undefined;
      }
      const data = reading.apply(name);
      return isSame(data, packet.data) ? undefined : { ...packet, data };
    },
  });
}

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

function someNode(tree, test) {
  let found = false;
  msgpack.walk(tree, (node) => {
    found ||= Boolean(test(node));
  });
  return found;
}

function isUtf8(bytes) {
  return Buffer.from(bytes.toString()).equals(bytes);
}

/** Whether there is an object in the value that reads like a reference to an attachment. */
function somePlaceholder(item) {
  if (item === null || typeof item !== "object" || Buffer.isBuffer(item)) {
    return false;
  }
  return item._placeholder === true || Object.values(item).some(somePlaceholder);
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

module.exports = { ENCODE_RULES, JSON_RULES, MSGPACK_RULES };
