"use strict";

// What is expected of what the page saw.

const { assert } = require("../clients/lib.js");

const bytes = (...list) => ({ bytes: list });

/** Each is run in the page under its name. */
const EXPECTED = {
  events(seen, { eio }) {
    assert.deepStrictEqual([seen.eio, seen.isId], [eio, true]);
    assert.deepStrictEqual(seen.echoes, [[], ["text"], [1, -2.5, null, true], [{ a: [1, { b: "ünï😀\u2028" }] }, []]]);
    assert.deepStrictEqual(seen.order, Array.from({ length: 200 }, (_, i) => i));
    assert.deepStrictEqual(seen.counted, { n: 200, ordered: true });
  },
  binary(seen) {
    assert.deepStrictEqual(seen.back, [bytes(1, 2, 255), { file: bytes(0), list: [bytes(7, 8), "x"] }]);
    assert.deepStrictEqual(seen.described, ["bin:2:9", { a: ["bin:1:6"] }]);
    assert.deepStrictEqual(seen.pushed, [true, 100000, 99999 % 256]);
  },
  acknowledgements(seen) {
    assert.deepStrictEqual(seen.answers, Array.from({ length: 20 }, (_, i) => [i, "x"]));
    assert.deepStrictEqual(seen.answered, ["why", 1, "and more"]);
  },
  namespaces(seen, { eio }) {
    assert.deepStrictEqual([seen.hello.ns, seen.hello.auth], ["/chat", { token: "t" }]);
    const data = JSON.stringify({ code: 403, why: "fail" });
    assert.strictEqual(seen.refusal, eio === 3 ? `refused: ${data}` : "refused: denied");
  },
};

module.exports = { EXPECTED };
