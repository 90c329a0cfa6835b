"use strict";

// JavaScript values as JSON that another language can read: what JSON cannot hold gets a tag.
//
// A tagged value is an object with one key that begins with `$`; `ABOUT` lists them and is copied into the
// header of every vector file.

const { types } = require("node:util");

const ABOUT = {
  $undefined: "undefined: {\"$undefined\":true}",
  $number: "any number that is not an integer within 2^53 - 1, as JavaScript prints it: \"1.5\", \"1e+21\", \"-0\", \"NaN\", \"-Infinity\"",
  $utf16: "a string with lone surrogates, as its UTF-16 code units",
  $bin: "bytes: a Buffer in a value, a binary message among frames. In base64, or as pairs [times, base64] one after the other",
  $arraybuffer: "an ArrayBuffer or a typed array, written like $bin",
  $text: "[times, piece]: a long string that repeats the piece",
  $list: "[times, item]: a long array that repeats the item",
  $date: "a Date, in milliseconds since 1970; null for an invalid one",
  $object: "an object, as pairs in order, if a key begins with `$`, is `__proto__` or has lone surrogates",
  $deep: "[levels, value]: the value within that many arrays of one element each",
};

// `u` makes the pattern see pairs as one character, so that only lone surrogates match.
const LONE_SURROGATE = /[\ud800-\udfff]/u;
// Longer chains of arrays are written as `$deep`: readers of JSON have limits of their own.
const LONGEST_CHAIN = 16;
// Beyond these, what repeats itself is written as a repetition: the files are for people too.
const LONGEST_LIST = 100;
const LONGEST_TEXT = 500;
const LONGEST_BINARY = 300;
const SHORTEST_RUN = 16;

/** The string as UTF-8 carries it: lone surrogates become U+FFFD. */
function wellFormed(string) {
  return string.replace(/[\ud800-\udfff]/gu, "\ufffd");
}

function toTagged(value) {
  switch (typeof value) {
    case "undefined":
      return { $undefined: true };
    case "boolean":
      return value;
    case "number":
      return numberToTagged(value);
    case "string":
      return stringToTagged(value);
    case "object":
      return value === null ? null : objectToTagged(value);
    default:
      throw new Error(`no tag for a ${typeof value}`);
  }
}

function numberToTagged(number) {
  if (Number.isSafeInteger(number) && !Object.is(number, -0)) {
    return number;
  }
  return { $number: Object.is(number, -0) ? "-0" : String(number) };
}

function stringToTagged(string) {
  if (!LONE_SURROGATE.test(string)) {
    const piece = string.length > LONGEST_TEXT ? repeatedPiece(string) : undefined;
    return piece === undefined ? string : { $text: [string.length / piece.length, piece] };
  }
  return { $utf16: Array.from({ length: string.length }, (_, i) => string.charCodeAt(i)) };
}

/** The shortest piece of at most 8 units that makes up the string, if there is one. */
function repeatedPiece(string) {
  for (let length = 1; length <= 8; length++) {
    const piece = string.slice(0, length);
    if (string.length % length === 0 && !LONE_SURROGATE.test(piece) && piece.repeat(string.length / length) === string) {
      return piece;
    }
  }
  return undefined;
}

function bytesToTagged(bytes) {
  if (bytes.length <= LONGEST_BINARY) {
    return bytes.toString("base64");
  }
  const runs = [];
  let plain = 0;
  let start = 0;
  while (start < bytes.length) {
    let end = start + 1;
    while (end < bytes.length && bytes[end] === bytes[start]) {
      end += 1;
    }
    if (end - start >= SHORTEST_RUN) {
      if (plain < start) {
        runs.push([1, bytes.subarray(plain, start).toString("base64")]);
      }
      runs.push([end - start, bytes.subarray(start, start + 1).toString("base64")]);
      plain = end;
    }
    start = end;
  }
  if (plain < bytes.length) {
    runs.push([1, bytes.subarray(plain).toString("base64")]);
  }
  return runs;
}

function bytesFromTagged(content) {
  if (typeof content === "string") {
    return Buffer.from(content, "base64");
  }
  return Buffer.concat(content.flatMap(([times, piece]) => new Array(times).fill(Buffer.from(piece, "base64"))));
}

function objectToTagged(object) {
  // By what they are rather than by their prototype, which a peer can choose; see the rule `proto-keys`.
  if (types.isUint8Array(object) && Buffer.isBuffer(object)) {
    return { $bin: bytesToTagged(object) };
  }
  if (types.isArrayBuffer(object)) {
    return { $arraybuffer: bytesToTagged(Buffer.from(object)) };
  }
  if (ArrayBuffer.isView(object)) {
    return { $arraybuffer: bytesToTagged(Buffer.from(object.buffer, object.byteOffset, object.byteLength)) };
  }
  if (types.isDate(object)) {
    const time = object.getTime();
    return { $date: Number.isNaN(time) ? null : time };
  }
  if (Array.isArray(object)) {
    return arrayToTagged(object);
  }
  const keys = Object.keys(object);
  if (keys.some((key) => key.startsWith("$") || key === "__proto__" || LONE_SURROGATE.test(key))) {
    return { $object: keys.map((key) => [stringToTagged(key), toTagged(object[key])]) };
  }
  const tagged = {};
  for (const key of keys) {
    tagged[key] = toTagged(object[key]);
  }
  return tagged;
}

function arrayToTagged(array) {
  let levels = 0;
  let inner = array;
  while (Array.isArray(inner) && inner.length === 1) {
    levels += 1;
    inner = inner[0];
  }
  if (levels > LONGEST_CHAIN) {
    return { $deep: [levels, toTagged(inner)] };
  }
  if (array.length > LONGEST_LIST && typeof array[0] !== "object" && array.every((item) => Object.is(item, array[0]))) {
    return { $list: [array.length, toTagged(array[0])] };
  }
  // `Array.from` visits holes too.
  return Array.from(array, (item) => toTagged(item));
}

/** Whether two values are the same, prototypes and invalid dates included, which Node would tell apart. */
function isSame(one, other) {
  return JSON.stringify(toTagged(one)) === JSON.stringify(toTagged(other));
}

function fromTagged(tagged) {
  if (tagged === null || typeof tagged !== "object") {
    return tagged;
  }
  if (Array.isArray(tagged)) {
    return tagged.map(fromTagged);
  }
  const keys = Object.keys(tagged);
  if (keys.length === 1 && keys[0].startsWith("$")) {
    return fromTag(keys[0], tagged[keys[0]]);
  }
  const object = {};
  for (const key of keys) {
    object[key] = fromTagged(tagged[key]);
  }
  return object;
}

function fromTag(tag, content) {
  switch (tag) {
    case "$undefined":
      return undefined;
    case "$number":
      return Number(content);
    case "$utf16":
      return String.fromCharCode(...content);
    case "$bin":
      return bytesFromTagged(content);
    case "$arraybuffer":
      return new Uint8Array(bytesFromTagged(content)).buffer;
    case "$text":
      return content[1].repeat(content[0]);
    case "$list":
      return new Array(content[0]).fill(fromTagged(content[1]));
    case "$date":
      return new Date(content === null ? NaN : content);
    case "$object": {
      const object = {};
      for (const [key, value] of content) {
        // Assignment would take `__proto__` for the prototype.
        Object.defineProperty(object, fromTagged(key), {
          value: fromTagged(value),
          enumerable: true,
          configurable: true,
          writable: true,
        });
      }
      return object;
    }
    case "$deep": {
      let value = fromTagged(content[1]);
      for (let i = 0; i < content[0]; i++) {
        value = [value];
      }
      return value;
    }
    default:
      throw new Error(`unknown tag ${tag}`);
  }
}

module.exports = { ABOUT, LONE_SURROGATE, fromTagged, isSame, toTagged, wellFormed };
