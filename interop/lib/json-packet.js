"use strict";

// What stands where in a text packet, so that the rules in differences.js can say which packets they are about.

/**
 * The parts of a packet as the reference finds them, unconverted: `type`, `count` (of attachments), `nsp`, `id`,
 * `payload`. A part that is absent is undefined. Only for texts that the reference does not refuse.
 */
function split(text) {
  const parts = { type: text.charAt(0) };
  let at = 1;
  if (parts.type === "5" || parts.type === "6") {
    const dash = text.indexOf("-");
    parts.count = text.slice(1, dash);
    at = dash + 1;
  }
  if (text.charAt(at) === "/") {
    const comma = text.indexOf(",", at);
    parts.nsp = text.slice(at, comma < 0 ? text.length : comma);
    at = comma < 0 ? text.length : comma + 1;
  }
  const start = at;
  // The test for a digit is the reference's own; see the rule `blanks-for-digits`.
  while (at < text.length && Number(text.charAt(at)) == text.charAt(at)) {
    at += 1;
  }
  if (at > start) {
    parts.id = text.slice(start, at);
  }
  if (at < text.length) {
    parts.payload = text.slice(at);
  }
  return parts;
}

/**
 * JSON as a tree that keeps what `JSON.parse` forgets: how numbers are written, and keys that come twice.
 *
 * `{ array }`, `{ members: [[key, node]] }`, `{ string }`, `{ number: text }` or `{ literal }`. Only for text that
 * `JSON.parse` takes.
 */
function parseTree(text) {
  let at = 0;

  function blanks() {
    while (at < text.length && " \t\r\n".includes(text[at])) {
      at += 1;
    }
  }

  function string() {
    const start = at;
    at += 1;
    while (text[at] !== "\"") {
      at += text[at] === "\\" ? 2 : 1;
    }
    at += 1;
    return JSON.parse(text.slice(start, at));
  }

  function node() {
    blanks();
    switch (text[at]) {
      case "[": {
        const array = [];
        at += 1;
        blanks();
        while (text[at] !== "]") {
          array.push(node());
          blanks();
          at += text[at] === "," ? 1 : 0;
        }
        at += 1;
        return { array };
      }
      case "{": {
        const members = [];
        at += 1;
        blanks();
        while (text[at] !== "}") {
          blanks();
          const key = string();
          blanks();
          at += 1;
          members.push([key, node()]);
          blanks();
          at += text[at] === "," ? 1 : 0;
          blanks();
        }
        at += 1;
        return { members };
      }
      case "\"":
        return { string: string() };
      default: {
        const start = at;
        while (at < text.length && !",]} \t\r\n".includes(text[at])) {
          at += 1;
        }
        const word = text.slice(start, at);
        return /^[-0-9]/.test(word) ? { number: word } : { literal: JSON.parse(word) };
      }
    }
  }

  return node();
}

/** Calls `visit` for the node and all below it. */
function walk(node, visit) {
  visit(node);
  for (const child of childrenOf(node) ?? []) {
    walk(child, visit);
  }
}

/** Levels of arrays and objects within each other. A placeholder is no level where it means an attachment. */
function depth(node, isBinary) {
  const children = childrenOf(node);
  if (children === undefined || (isBinary && isPlaceholder(node) && isFlat(node))) {
    return 0;
  }
  return 1 + children.reduce((most, child) => Math.max(most, depth(child, isBinary)), 0);
}

function childrenOf(node) {
  return node.array ?? node.members?.map(([, value]) => value);
}

/** The member that counts in JavaScript: the last one of its name. */
function member(node, key) {
  return node.members?.findLast(([name]) => name === key)?.[1];
}

/** Whether the reference takes this object for an attachment. */
function isPlaceholder(node) {
  return member(node, "_placeholder")?.literal === true;
}

/** Whether there are no arrays and objects in this object. */
function isFlat(node) {
  return childrenOf(node).every((child) => childrenOf(child) === undefined);
}

module.exports = { depth, isFlat, isPlaceholder, member, parseTree, split, walk };
