"use strict";

// What the Rust decoder is to say: what the npm parser says, changed by the rules of differences.js and by nothing
// else.

const { parseTree, split } = require("./json-packet.js");
const msgpack = require("./msgpack.js");
const { isSame } = require("./tagged.js");

class Oracle {
  /** `read` makes the reading that the rules are about, or undefined for a frame that only continues a packet. */
  constructor(parser, rules, read) {
    this.parser = parser;
    this.rules = rules;
    this.read = read;
    /** How often each rule has decided. */
    this.used = new Map(rules.map(({ name }) => [name, 0]));
  }

  /**
   * `{ packets, end, rules }`: packets and end as `Parser.decode` has them, but with types 2 and 3 for 5 and 6; and
   * the names of the rules that made a difference.
   */
  decode(frames) {
    const decoder = this.parser.decoder();
    const packets = [];
    const rules = [];
    let reading;
    for (const frame of frames) {
      const { error, packet } = decoder.add(frame);
      if (error !== undefined) {
        return { packets, end: "refused", rules };
      }
      const begun = this.read(this.parser, frame, packet);
      if (begun !== undefined) {
        reading = begun;
        const rule = this.rules.find(({ ours, applies }) => ours === "refused" && applies(reading));
        if (rule !== undefined) {
          if (this.decides(frames, packets.length)) {
            this.use(rule, rules);
          }
          return { packets, end: "refused", rules };
        }
      }
      if (packet !== undefined) {
        packets.push(this.changed(packet, reading, rules));
      }
    }
    return { packets, end: decoder.isWaiting() ? "waiting" : "ready", rules };
  }

  /** Whether refusing the packet after so many makes a difference: the reference may refuse it too by its end. */
  decides(frames, packets) {
    const answer = this.parser.decode(frames);
    return answer.end !== "refused" || answer.packets.length > packets;
  }

  changed(packet, reading, rules) {
    let changed = { ...packet, type: packet.type > 4 ? packet.type - 3 : packet.type };
    for (const rule of this.rules) {
      const next = rule.ours === "value" ? rule.change(changed, reading) : undefined;
      if (next !== undefined) {
        this.use(rule, rules);
        changed = next;
      }
    }
    return changed;
  }

  use({ name }, rules) {
    this.used.set(name, this.used.get(name) + 1);
    rules.push(name);
  }
}

/** The reading of a text packet of the default parser. */
function readJson(parser, frame, packet) {
  if (typeof frame !== "string") {
    return undefined;
  }
  const { protocol } = parser.origin;
  const parts = split(frame);
  const nsp = packet?.nsp ?? parts.nsp ?? "/";
  let tree;
  return {
    protocol,
    parts,
    // The query is no part of the name where clients of protocol 4 join.
    nsp: protocol === 4 && parts.type === "0" ? nsp.split("?")[0] : nsp,
    // Not before a rule asks: behind an unknown type the payload is anything.
    get tree() {
      tree ??= parts.payload === undefined ? undefined : parseTree(parts.payload);
      return tree;
    },
  };
}

/** The reading of a MessagePack frame. */
function readMsgpack(parser, frame, packet) {
  const tree = msgpack.parse(frame);
  // Of keys that come twice the last one counts, and what is undefined is not there.
  const members = new Map(tree.pairs.map(([key, value]) => [key.bytes?.toString(), value]));
  const data = members.get("data");
  const rules = new Set();
  // All rules about values stand on this.
  if (packet.data !== undefined && !isSame(msgpack.toJs(data, rules), packet.data)) {
    throw new Error(`the tree of ${frame.toString("hex")} is not what the reference reads`);
  }
  return {
    tree,
    members,
    packet,
    /** The data by one rule more. */
    apply(rule) {
      rules.add(rule);
      const value = msgpack.toJs(data, rules);
      // The name of an event is text to us, and a number with 64 bits keeps them.
      if (rule === "integers-keep-64-bits" && packet.type === 2 && data.items[0].kind === "int" && !Number.isSafeInteger(value[0])) {
        value[0] = String(data.items[0].int);
      }
      return value;
    },
  };
}

module.exports = { Oracle, readJson, readMsgpack };
