"use strict";

// The Rust program that is asked, as a child process: a line for each question, a line for each answer.

const { spawn } = require("node:child_process");
const readline = require("node:readline");

const { fromTagged } = require("../lib/tagged.js");

class Probe {
  constructor(path) {
    this.child = spawn(path, [], { stdio: ["pipe", "pipe", "inherit"] });
    this.failed = new Promise((_, reject) => {
      this.child.on("error", reject);
      this.child.stdin.on("error", () => {});
      this.child.on("exit", (code, signal) => reject(new Error(`the probe ended with ${signal ?? code}`)));
    });
    this.failed.catch(() => {});
    this.lines = readline.createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** The answers to as many questions. If the probe ends, those that it has given before. */
  async ask(questions) {
    this.child.stdin.write(questions.map((question) => `${JSON.stringify(question)}\n`).join(""));
    const answers = [];
    while (answers.length < questions.length) {
      const { done, value } = await this.lines.next();
      if (done) {
        break;
      }
      answers.push(fromTagged(JSON.parse(value)));
    }
    return answers;
  }

  close() {
    this.child.stdin.end();
  }
}

module.exports = { Probe };
