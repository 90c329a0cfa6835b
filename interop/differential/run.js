"use strict";

// Puts random packets and frames to the npm parsers and to our codecs, and compares verdicts and values.
//
//   node differential/run.js --probe PATH [--count 100000] [--seed 1]
//
// The same seed and count give the same questions. Fails if an answer is not what the npm parser says, changed by
// the rules of differences.js; and, in runs that are long enough, if a rule was never needed.

const { isDeepStrictEqual, parseArgs } = require("node:util");

const { kinds } = require("./kinds.js");
const { Probe } = require("./probe.js");
const { Random } = require("./random.js");

const BATCH = 500;
const MOST_FAILURES_SHOWN = 20;
/** From here on each rule is met, with any seed. */
const LONG_RUN = 20000;

async function main() {
  const { values: options } = parseArgs({
    options: {
      probe: { type: "string" },
      count: { type: "string", default: "100000" },
      seed: { type: "string", default: "1" },
    },
  });
  const count = Number(options.count);
  const seed = Number(options.seed);
  if (!options.probe || !Number.isSafeInteger(count) || !Number.isSafeInteger(seed)) {
    throw new Error("usage: run.js --probe PATH [--count N] [--seed N]");
  }
  const random = new Random(seed);
  const all = kinds(random);
  const probe = new Probe(options.probe);
  const tally = new Tally(all.map(([, kind]) => kind));
  try {
    for (let asked = 0; asked < count; asked += BATCH) {
      const cases = random.list(Math.min(BATCH, count - asked), () => {
        const kind = random.weighted(all.map(([weight, kind]) => [weight, () => kind]));
        return { kind, ...kind.next() };
      });
      const answers = await probe.ask(cases.map(({ question }) => question));
      answers.forEach((answer, index) => tally.compare(cases[index], answer));
      if (answers.length < cases.length) {
        tally.died(cases[answers.length]);
        break;
      }
    }
  } finally {
    probe.close();
  }
  process.exitCode = tally.report(count >= LONG_RUN, `--seed ${seed} --count ${count}`) ? 0 : 1;
}

class Tally {
  constructor(kinds) {
    this.kinds = kinds;
    this.passed = 0;
    this.failed = 0;
    this.verdicts = new Map();
  }

  compare({ kind, question, expected, answered, verdict }, answer) {
    const key = `${kind.name}: ${verdict}`;
    this.verdicts.set(key, (this.verdicts.get(key) ?? 0) + 1);
    if (answer.panic === undefined && isDeepStrictEqual(answered(answer), expected)) {
      this.passed += 1;
    } else {
      this.fail(kind, question, expected, answer);
    }
  }

  died({ kind, question, expected }) {
    this.fail(kind, question, expected, "the probe ended");
  }

  fail(kind, question, expected, answer) {
    this.failed += 1;
    if (this.failed <= MOST_FAILURES_SHOWN) {
      const show = (value) => JSON.stringify(value, (_, item) => (item === undefined ? "undefined" : item));
      console.error(`${kind.name}\n  question ${show(question)}\n  expected ${show(expected)}\n  answered ${show(answer)}`);
    }
  }

  report(isLong, how) {
    for (const [key, count] of [...this.verdicts].sort(([a], [b]) => a.localeCompare(b))) {
      console.log(`${String(count).padStart(8)}  ${key}`);
    }
    const used = new Map();
    for (const [name, count] of this.kinds.flatMap((kind) => [...kind.used])) {
      used.set(name, (used.get(name) ?? 0) + count);
    }
    for (const [name, count] of used) {
      console.log(`${String(count).padStart(8)}  by rule: ${name}`);
    }
    const idle = [...used].filter(([, count]) => count === 0).map(([name]) => name);
    if (isLong) {
      for (const name of idle) {
        console.error(`the rule ${name} was never needed`);
        this.failed += 1;
      }
    }
    console.log(`differential ${how}: ${this.passed} passed, ${this.failed} failed`);
    return this.failed === 0;
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
