"use strict";

// What everything that drives Chromium has in common.

const { EXPECTED } = require("./scenarios.js");

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

/** Has a page run a scenario, and looks at what it saw. */
async function play(page, bundle, name, options) {
  const { eio } = bundle;
  const seen = await page.evaluate(([name, options]) => window.scenarios[name](options), [name, { eio, ...options }]);
  EXPECTED[name]?.(seen, bundle);
  return seen;
}

module.exports = { FLAGS, play };
