"use strict";

// A seeded source of random choices, so that a run can be had again.

class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** 32 bits (mulberry32). */
  bits() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** An integer from 0 to `end`, which is not reached. */
  below(end) {
    return Math.floor((this.bits() / 0x100000000) * end);
  }

  /** An integer from `first` to `last`, both reached. */
  between(first, last) {
    return first + this.below(last - first + 1);
  }

  /** True once in `n` times. */
  oneIn(n) {
    return this.below(n) === 0;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  /** Calls one of `[weight, function]`. */
  weighted(choices) {
    const total = choices.reduce((sum, [weight]) => sum + weight, 0);
    let left = this.below(total);
    for (const [weight, make] of choices) {
      if (left < weight) {
        return make();
      }
      left -= weight;
    }
    throw new Error("unreachable");
  }

  list(length, make) {
    return Array.from({ length }, (_, index) => make(index));
  }

  bytes(length) {
    return Buffer.from(this.list(length, () => this.below(256)));
  }

  /** A double of any bit pattern that is finite. */
  double() {
    for (;;) {
      const double = this.bytes(8).readDoubleBE(0);
      if (Number.isFinite(double)) {
        return double;
      }
    }
  }

  shuffle(list) {
    const shuffled = [...list];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
    }
    return shuffled;
  }
}

module.exports = { Random };
