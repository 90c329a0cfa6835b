"use strict";

// What peers passed, as a table: a row for each peer, a column for each group of scenarios.

const { within } = require("./lib.js");

class Results {
  /** With `only`, the scenarios are run whose labels have that text in them. */
  constructor(groups, only = "") {
    this.groups = groups;
    this.only = only;
    this.peers = new Map();
    this.failures = 0;
    this.passes = 0;
  }

  /** Runs one scenario and counts it. */
  async check(peer, group, what, run) {
    const label = `${peer}, ${group}: ${what}`;
    if (!label.includes(this.only)) return;
    const began = Date.now();
    let error;
    try {
      await within(run(), "the end of the scenario", 120000);
    } catch (thrown) {
      error = thrown.stack;
    }
    this.add({ peer, group, label, error, took: Date.now() - began });
  }

  /** One scenario that has ended. What failed is shown at once. */
  add({ peer, group = "other", label, error, took = 0 }) {
    if (!this.groups.includes(group)) this.groups.push(group);
    if (!this.peers.has(peer)) this.peers.set(peer, new Map());
    const counts = this.peers.get(peer);
    const count = counts.get(group) ?? { passed: 0, all: 0 };
    counts.set(group, { passed: count.passed + (error ? 0 : 1), all: count.all + 1 });
    if (error) {
      this.failures += 1;
      console.error(`FAILED ${label}\n  ${error}`);
    } else {
      this.passes += 1;
    }
    if (took > 10000) console.log(`${took} ms: ${label}`);
  }

  /** Prints the table and the line that is counted. Whether all is well; nothing at all is not. */
  report() {
    const used = this.groups.filter((group) => [...this.peers.values()].some((counts) => counts.has(group)));
    const rows = [...this.peers].sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true })).map(([peer, counts]) => [
      peer,
      ...used.map((group) => cell(counts.get(group))),
      cell([...counts.values()].reduce((sum, one) => ({ passed: sum.passed + one.passed, all: sum.all + one.all }))),
    ]);
    const table = [["peer", ...used, "together"], ...rows];
    const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
    for (const row of table) {
      console.log(row.map((text, column) => (column ? text.padStart(widths[column]) : text.padEnd(widths[0]))).join("  "));
    }
    console.log(`${this.passes} passed, ${this.failures} failed`);
    return this.failures === 0 && this.passes > 0;
  }
}

const cell = (count) => (count ? `${count.passed}/${count.all}` : "-");

module.exports = { Results };
