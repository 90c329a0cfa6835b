"use strict";

// Where the Rust decoder decides otherwise than the npm parser, on purpose.
//
//   ours    refused: the reference accepts this or waits for more; ours refuses it
//           value:   both accept it, and what comes out differs as the reason says
//
// Whatever is not in this list is to be the same. The vectors name these rules, the differential test applies
// them, and a rule that nothing makes use of is an error in both.

const rule = (name, ours, reason) => ({ name, ours, reason });

module.exports = [
  rule("blank-type", "refused", "Number(\"\") and Number(\" \") are 0 in JavaScript, so that nothing at all is read as CONNECT"),
  rule("blanks-for-digits", "refused", "Number(\" \") is 0 in JavaScript, so that blanks are read as digits of an acknowledgement id"),
  rule("id-beyond-64-bits", "refused", "JavaScript rounds it to a double, and an answer would carry another id"),
  rule("id-out-of-place", "refused", "only EVENT and ACK carry an acknowledgement id"),
  rule("attachment-counts", "refused", "a count is digits; JavaScript takes any text that it can convert to a number"),
  rule("attachments-once-each", "refused", "bytes that nobody refers to are dropped, and those referred to twice are doubled"),
  rule("placeholder-numbers", "refused", "an index is digits; 0.5 is no index, and -0 and 1e0 are nothing that an encoder writes"),
  rule("placeholder-members", "refused", "the reference drops the other members"),
  rule("event-without-payload", "refused", "an event has a name"),
  rule("ack-without-payload", "refused", "the arguments of an acknowledgement are an array"),
  rule("ack-without-id", "refused", "it answers nothing"),
  rule("error-without-payload", "refused", "a refusal says why"),
  rule("reserved-names", "refused", "these names mean events of the library itself; only the parser of protocol 5 refuses them"),
  rule("event-without-name", "refused", "the MessagePack parser does not look at the name of an event"),
  rule("number-for-a-name", "value", "the name is read as text: the number as it was written"),
  rule("lone-surrogates", "value", "a Rust string holds no lone surrogates: each becomes U+FFFD"),
  rule("same-key-twice", "value", "the last one counts in JavaScript"),
  rule("numbers-beyond-doubles", "value", "JavaScript reads infinity"),
  rule("deep-nesting", "refused", "more than 128 levels"),
  rule("long-names", "refused", "event names and namespaces are limited to 1 KiB"),
  rule("null-and-arrays-for-objects", "refused", "typeof null and typeof [] are \"object\" in JavaScript; the parser of protocol 5 refuses them too"),
  rule("unknown-types", "refused", "the parsers of protocol 4 make a refusal packet of it that the peer never sent"),
  rule("query-of-a-namespace", "value", "the query that clients of protocol 4 append is taken off the name and handed out as auth"),
  rule("negative-ids", "refused", "an acknowledgement id is not negative"),
  rule("whole-doubles", "refused", "a packet type or an id is an integer; JavaScript knows no difference"),
  rule("namespaces-without-slash", "refused", "the name of a namespace begins with a slash"),
  rule("commas-in-namespaces", "refused", "the default parser could not write such a name"),
  rule("dates-out-of-range", "value", "JavaScript makes an invalid date of it"),
  rule("unknown-extensions", "value", "the reference makes [type, bytes] of it"),
  rule("invalid-utf8", "value", "each invalid sequence becomes U+FFFD"),
  rule("keys-that-are-no-strings", "value", "JavaScript converts any key to a string"),
  rule("proto-keys", "value", "the reference loses the member: it sets the object's prototype"),
];
