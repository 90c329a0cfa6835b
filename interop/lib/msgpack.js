"use strict";

// MessagePack as a tree that keeps the forms in which values are written, and a writer that can choose them all.

class Truncated extends Error {}

/**
 * The tree of the bytes: `{ kind, form, ... }`, where kind is `nil`, `bool`, `int` (a BigInt), `float`, `str` and
 * `bin` (bytes), `array`, `map` (pairs) or `ext` (type and bytes). Returns undefined if the bytes are not exactly
 * one value.
 */
function parse(bytes) {
  let at = 0;

  function take(length) {
    if (at + length > bytes.length) {
      throw new Truncated();
    }
    at += length;
    return bytes.subarray(at - length, at);
  }

  function unsigned(length) {
    return length === 8 ? take(8).readBigUInt64BE(0) : BigInt(take(length).readUIntBE(0, length));
  }

  function signed(length) {
    return length === 8 ? take(8).readBigInt64BE(0) : BigInt(take(length).readIntBE(0, length));
  }

  const length = (width) => Number(unsigned(width));

  function array(count, form) {
    const items = [];
    for (let i = 0; i < count; i++) {
      items.push(value());
    }
    return { kind: "array", form, items };
  }

  function map(count, form) {
    const pairs = [];
    for (let i = 0; i < count; i++) {
      pairs.push([value(), value()]);
    }
    return { kind: "map", form, pairs };
  }

  function ext(count, form) {
    const type = take(1).readInt8(0);
    return { kind: "ext", form, type, bytes: take(count) };
  }

  function value() {
    const form = take(1)[0];
    if (form < 0x80) return { kind: "int", form, int: BigInt(form) };
    if (form < 0x90) return map(form & 0x0f, form);
    if (form < 0xa0) return array(form & 0x0f, form);
    if (form < 0xc0) return { kind: "str", form, bytes: take(form & 0x1f) };
    if (form > 0xdf) return { kind: "int", form, int: BigInt(form - 256) };
    switch (form) {
      case 0xc0: return { kind: "nil", form };
      case 0xc2: return { kind: "bool", form, bool: false };
      case 0xc3: return { kind: "bool", form, bool: true };
      case 0xc4: return { kind: "bin", form, bytes: take(length(1)) };
      case 0xc5: return { kind: "bin", form, bytes: take(length(2)) };
      case 0xc6: return { kind: "bin", form, bytes: take(length(4)) };
      case 0xc7: return ext(length(1), form);
      case 0xc8: return ext(length(2), form);
      case 0xc9: return ext(length(4), form);
      case 0xca: return { kind: "float", form, float: take(4).readFloatBE(0) };
      case 0xcb: return { kind: "float", form, float: take(8).readDoubleBE(0) };
      case 0xcc: return { kind: "int", form, int: unsigned(1) };
      case 0xcd: return { kind: "int", form, int: unsigned(2) };
      case 0xce: return { kind: "int", form, int: unsigned(4) };
      case 0xcf: return { kind: "int", form, int: unsigned(8) };
      case 0xd0: return { kind: "int", form, int: signed(1) };
      case 0xd1: return { kind: "int", form, int: signed(2) };
      case 0xd2: return { kind: "int", form, int: signed(4) };
      case 0xd3: return { kind: "int", form, int: signed(8) };
      case 0xd4: return ext(1, form);
      case 0xd5: return ext(2, form);
      case 0xd6: return ext(4, form);
      case 0xd7: return ext(8, form);
      case 0xd8: return ext(16, form);
      case 0xd9: return { kind: "str", form, bytes: take(length(1)) };
      case 0xda: return { kind: "str", form, bytes: take(length(2)) };
      case 0xdb: return { kind: "str", form, bytes: take(length(4)) };
      case 0xdc: return array(length(2), form);
      case 0xdd: return array(length(4), form);
      case 0xde: return map(length(2), form);
      case 0xdf: return map(length(4), form);
      default: throw new Truncated();
    }
  }

  try {
    const tree = value();
    return at === bytes.length ? tree : undefined;
  } catch (error) {
    if (error instanceof Truncated) {
      return undefined;
    }
    throw error;
  }
}

/**
 * The value of a tree in JavaScript: what the reference makes of it, but for the rules that are named. See
 * differences.js for these.
 */
function toJs(node, rules) {
  switch (node.kind) {
    case "nil":
      return null;
    case "bool":
      return node.bool;
    case "int":
      return Number(node.int);
    case "float":
      return node.float;
    case "str":
      return node.bytes.toString();
    case "bin":
      return node.bytes;
    case "ext":
      return extToJs(node, rules);
    case "array":
      return node.items.map((item) => toJs(item, rules));
    case "map":
      return mapToJs(node, rules);
    default:
      throw new Error(`no kind ${node.kind}`);
  }
}

function extToJs({ form, type, bytes }, rules) {
  if (type === 0 && form === 0xd4) {
    return rules.has("undefined-is-null") ? null : undefined;
  }
  if (type === 0 && form === 0xd7) {
    const date = new Date(Number(bytes.readBigInt64BE(0)));
    if (!rules.has("dates-are-text")) {
      return date;
    }
    return Number.isNaN(date.getTime()) ? null : date.toISOString();
  }
  if (type === 0 && form >= 0xc7 && form <= 0xc9) {
    return rules.has("array-buffers-are-bytes") ? bytes : new Uint8Array(bytes).buffer;
  }
  return [type, bytes];
}

function mapToJs({ pairs }, rules) {
  const object = {};
  for (const [key, item] of pairs) {
    const name = keyToJs(key, rules);
    if (rules.has("undefined-is-null") && item.kind === "ext" && item.form === 0xd4 && item.type === 0) {
      continue;
    }
    const value = toJs(item, rules);
    if (name === "__proto__" && rules.has("proto-keys")) {
      Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
    } else {
      object[name] = value;
    }
  }
  return object;
}

function keyToJs(key, rules) {
  return rules.has("integers-keep-64-bits") && key.kind === "int" ? String(key.int) : String(toJs(key, rules));
}

/** The bytes of a tree; `form` says which of the possible ones. */
function write(node) {
  switch (node.kind) {
    case "nil":
      return Buffer.from([0xc0]);
    case "bool":
      return Buffer.from([node.bool ? 0xc3 : 0xc2]);
    case "int":
      return writeInt(node);
    case "float": {
      const bytes = Buffer.alloc(node.form === 0xca ? 5 : 9, node.form);
      if (node.form === 0xca) {
        bytes.writeFloatBE(node.float, 1);
      } else {
        bytes.writeDoubleBE(node.float, 1);
      }
      return bytes;
    }
    case "str":
      return Buffer.concat([head(node.form, node.bytes.length, 0xa0, [0xd9, 0xda, 0xdb]), node.bytes]);
    case "bin":
      return Buffer.concat([head(node.form, node.bytes.length, undefined, [0xc4, 0xc5, 0xc6]), node.bytes]);
    case "array":
      return Buffer.concat([head(node.form, node.items.length, 0x90, [undefined, 0xdc, 0xdd]), ...node.items.map(write)]);
    case "map":
      return Buffer.concat([head(node.form, node.pairs.length, 0x80, [undefined, 0xde, 0xdf]), ...node.pairs.flat().map(write)]);
    case "ext":
      return Buffer.concat([head(node.form, node.bytes.length, undefined, [0xc7, 0xc8, 0xc9]), Buffer.from([node.type & 0xff]), node.bytes]);
    default:
      throw new Error(`no kind ${node.kind}`);
  }
}

function writeInt({ form, int }) {
  if (form < 0x80 || form > 0xdf) {
    return Buffer.from([form]);
  }
  const width = 1 << ((form - 0xcc) % 4);
  const bytes = Buffer.alloc(1 + width, form);
  let rest = BigInt.asUintN(width * 8, int);
  for (let i = width; i > 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

function head(form, length, fixed, wide) {
  const width = wide.indexOf(form);
  if (width < 0) {
    // A fixed form: the length is part of it, or, for extensions, implied.
    return Buffer.from([fixed === undefined ? form : fixed | length]);
  }
  const bytes = Buffer.alloc(1 + (1 << width), form);
  bytes.writeUIntBE(length, 1, 1 << width);
  return bytes;
}

/** Calls `visit` for the node and all below it, keys included. */
function walk(node, visit) {
  visit(node);
  for (const child of node.items ?? node.pairs?.flat() ?? []) {
    walk(child, visit);
  }
}

/** Levels of arrays and maps within each other. */
function depth(node) {
  const children = node.items ?? node.pairs?.flat();
  return children === undefined ? 0 : 1 + children.reduce((most, child) => Math.max(most, depth(child)), 0);
}

module.exports = { depth, parse, toJs, walk, write };
