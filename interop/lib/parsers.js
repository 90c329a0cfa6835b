"use strict";

// The npm parsers behind one surface: a packet becomes frames, frames become packets and a verdict.

const fs = require("node:fs");
const path = require("node:path");

const Type = Object.freeze({
  CONNECT: 0,
  DISCONNECT: 1,
  EVENT: 2,
  ACK: 3,
  CONNECT_ERROR: 4,
  BINARY_EVENT: 5,
  BINARY_ACK: 6,
});

class Parser {
  constructor(alias) {
    this.module = require(alias);
    // Read as a file: not every package exports it.
    const manifest = path.join(__dirname, "../node_modules", alias, "package.json");
    const { name, version } = JSON.parse(fs.readFileSync(manifest, "utf8"));
    this.origin = { package: name, version, protocol: this.module.protocol };
  }

  /** The frames of a packet, text as strings and binary as Buffers. Throws what the parser throws. */
  encode(packet) {
    const encoder = new this.module.Encoder();
    // The parsers write into the packet they are given, though not into its data.
    const own = { ...packet };
    let frames = [];
    if (encoder.encode.length === 2) {
      encoder.encode(own, (encoded) => {
        frames = encoded;
      });
    } else {
      frames = encoder.encode(own);
    }
    return frames.map((frame) => (typeof frame === "string" ? frame : bytesOf(frame)));
  }

  decoder() {
    return new Decoder(new this.module.Decoder());
  }

  /** What a new decoder says to these frames, in order; it is asked no more after it has refused one. */
  decode(frames) {
    const decoder = this.decoder();
    const packets = [];
    for (const [index, frame] of frames.entries()) {
      const answer = decoder.add(frame);
      if (answer.error !== undefined) {
        return { packets, end: "refused", error: answer.error, at: index };
      }
      if (answer.packet !== undefined) {
        packets.push(answer.packet);
      }
    }
    return { packets, end: decoder.isWaiting() ? "waiting" : "ready" };
  }
}

/** One decoder of a parser, asked frame by frame. */
class Decoder {
  constructor(decoder) {
    this.decoder = decoder;
    this.decoded = undefined;
    decoder.on("decoded", (packet) => {
      this.decoded = tidy(packet);
    });
  }

  /** `{ packet }` if the frame completes one, `{}` if more frames belong to it, `{ error }` if it is refused. */
  add(frame) {
    this.decoded = undefined;
    try {
      this.decoder.add(frame);
    } catch (error) {
      return { error: messageOf(error) };
    }
    return this.decoded === undefined ? {} : { packet: this.decoded };
  }

  isWaiting() {
    return Boolean(this.decoder.reconstructor);
  }
}

/** The message of a parser; of errors that come from Node itself the kind, because their words change. */
function messageOf(error) {
  if (error.code !== undefined) {
    return error.code;
  }
  return error.constructor === Error ? error.message : error.name;
}

function bytesOf(frame) {
  if (Buffer.isBuffer(frame)) {
    return frame;
  }
  if (ArrayBuffer.isView(frame)) {
    return Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  }
  return Buffer.from(frame);
}

/** The members that mean something. What is undefined is left out; so is anything that a parser adds. */
function tidy(packet) {
  const tidied = {};
  for (const key of ["type", "nsp", "id", "data"]) {
    if (packet[key] !== undefined) {
      // As a type and as an id minus zero is zero, also to whoever compares them.
      tidied[key] = packet[key] === 0 ? 0 : packet[key];
    }
  }
  return tidied;
}

module.exports = { Parser, Type };
