"use strict";

// Several people use the chat in Chromium, each in a browser profile of their own.

const assert = require("assert");
const { spawn } = require("child_process");
const path = require("path");
const readline = require("readline");
const { chromium } = require("playwright-core");

const option = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? null : process.argv[at + 1];
};
const program = option("--program");
const screenshots = option("--screenshots");

/** Whatever is waited for comes much sooner; this is how long a slow machine may take. */
const WAIT = 30000;

/** Starts the chat, and waits until it says where it is. */
async function start(port) {
  const child = spawn(program, ["--port", String(port)], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const lines = readline.createInterface({ input: child.stdout });
  const url = await new Promise((resolve, reject) => {
    lines.on("line", (line) => {
      const found = /http:\/\/\S+/.exec(line);
      if (found) resolve(found[0]);
    });
    ended.then((code) => reject(new Error(`the chat ended with ${code} before it listened`)));
  });
  return {
    url,
    port: Number(new URL(url).port),
    async stop(signal) {
      child.kill(signal);
      await ended;
    },
  };
}

/** A person with a page. */
class Person {
  static async enter(browser, name, url, how = {}) {
    const person = new Person();
    person.name = name;
    person.complaints = [];
    const context = await browser.newContext({ viewport: { width: 1180, height: 760 }, ...how });
    person.page = await context.newPage();
    person.page.setDefaultTimeout(WAIT);
    person.page.on("pageerror", (error) => person.complaints.push(String(error)));
    person.page.on("console", (message) => {
      // A server that is away cannot be reached: that is what the console says then.
      if (message.type() === "error" && !/ERR_|WebSocket connection/.test(message.text())) person.complaints.push(message.text());
    });
    await person.page.goto(url);
    await person.page.fill("#name", name);
    await person.page.click("#login button[type=submit]");
    return person;
  }

  /** In the chat, and connected. */
  async isIn() {
    await this.page.waitForSelector("#app:not([hidden])");
    await this.page.waitForFunction(() => document.querySelector("#my-state").textContent === "online");
    await this.sees("#title", "# Lobby");
    await this.page.waitForFunction(() => talks.get("room:Lobby")?.inside);
  }

  async sees(selector, text) {
    await this.page.locator(selector, { hasText: text }).first().waitFor();
  }

  async says(text) {
    await this.page.fill("#text", text);
    await this.page.press("#text", "Enter");
  }

  /** The message of this text has this tick. */
  async ticked(text, state) {
    await this.page.locator(`.message.mine[data-state=${state}]`, { hasText: text }).waitFor();
  }

  count(selector, text) {
    return this.page.locator(selector, { hasText: text }).count();
  }

  async shot(name) {
    if (screenshots) await this.page.screenshot({ path: path.join(screenshots, `${name}.png`) });
  }
}

/** Draws a picture in the page, and chooses it as a file, as a person would. What it is, `window.drawn` has; returns how large. */
async function draw([width, height, dots]) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  const sky = context.createLinearGradient(0, 0, 0, height);
  sky.addColorStop(0, "#123a6b");
  sky.addColorStop(0.6, "#f3a25f");
  sky.addColorStop(1, "#2c1b3d");
  context.fillStyle = sky;
  context.fillRect(0, 0, width, height);
  for (let dot = 0; dot < dots; dot += 1) {
    context.fillStyle = `hsl(${Math.random() * 360} 60% 80% / .5)`;
    context.fillRect(Math.random() * width, Math.random() * height, 2, 2);
  }
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  if (blob.size < 200000) window.drawn = [...new Uint8Array(await blob.arrayBuffer())];
  const chosen = new DataTransfer();
  chosen.items.add(new File([blob], "sunset.png", { type: "image/png" }));
  const input = document.querySelector("#file");
  input.files = chosen.files;
  input.dispatchEvent(new Event("change"));
  return blob.size;
}

let passed = 0;
let failed = 0;
/** Each step goes on where the one before has ended, so after a failure there is nothing more to be seen. */
async function step(name, run) {
  if (failed) return console.log(`not run ${name}`);
  try {
    await run();
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}: ${error.stack ?? error}`);
  }
}

async function main() {
  let server = await start(0);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  try {
    const ada = await Person.enter(browser, "Ada Lovelace", server.url);
    const bob = await Person.enter(browser, "Bob", server.url, { colorScheme: "dark" });
    const cleo = await Person.enter(browser, "Cleo", server.url, { viewport: { width: 390, height: 780 } });
    const all = [ada, bob, cleo];

    await step("everybody comes in and sees who is here", async () => {
      for (const person of all) await person.isIn();
      await ada.sees("#people", "Bob");
      await ada.sees("#people", "Cleo");
      await bob.sees("#subtitle", "You, Ada Lovelace, Cleo");
    });

    await step("messages go both ways, and ticks say that they have arrived", async () => {
      await ada.says("Good morning! Has anybody tried the new build?");
      assert.equal(await ada.page.inputValue("#text"), "", "what was sent is not to be typed again");
      await bob.sees(".message .words", "Good morning!");
      await ada.ticked("Good morning!", "all");
      await bob.says("Yes, since yesterday. It starts in half the time.");
      await bob.says("🎉");
      await ada.sees(".message .words", "half the time");
      await bob.ticked("half the time", "all");
      await cleo.sees(".message .words", "half the time");
    });

    await step("markup stays text", async () => {
      await bob.says("<img src=x onerror=alert(1)> & <b>bold</b>");
      await ada.sees(".message .words", "<img src=x onerror=alert(1)> & <b>bold</b>");
      assert.equal(await ada.page.locator(".words img, .words b").count(), 0);
    });

    await step("who is typing is shown, and no longer when the message is there", async () => {
      // It is shown for some seconds only, so Bob types until it was seen.
      let seen = false;
      const looking = ada.sees("#typing", "Bob is typing").finally(() => (seen = true));
      while (!seen) await bob.page.locator("#text").pressSequentially("What do you think? ", { delay: 30 });
      await looking;
      await ada.shot("1-typing");
      await bob.says("What do you think?");
      await ada.sees(".message .words", "What do you think?");
      await ada.page.waitForFunction(() => document.querySelector("#typing").textContent === "");
    });

    await step("a private message reaches one person and nobody else", async () => {
      await ada.page.click("#people button:has-text('Bob')");
      await ada.says("Between us: I have not tried it yet.");
      await ada.ticked("Between us", "all");
      await bob.sees("#people li:has-text('Ada Lovelace') .badge", "1");
      assert.match(await bob.page.title(), /^\(1\)/);
      assert.equal(await bob.count(".message", "Between us"), 0, "it is not in the room");
      await bob.page.click("#people button:has-text('Ada Lovelace')");
      await bob.sees(".message .words", "Between us");
      await bob.says("I will not tell.");
      await ada.sees(".message .words", "I will not tell.");
      await bob.shot("2-private-dark");
      // What comes after it has arrived at the third page, so it would be there.
      await bob.page.click("#rooms button:has-text('Lobby')");
      await bob.says("Back to work");
      await cleo.sees(".message .words", "Back to work");
      assert.equal(await cleo.page.evaluate(() => talks.has("person:Ada Lovelace") || talks.has("person:Bob")), false);
      await ada.page.click("#rooms button:has-text('Lobby')");
    });

    await step("a picture arrives as it was sent, and a large one with fewer pixels", async () => {
      await ada.page.evaluate(draw, [320, 200, 200]);
      await bob.page.waitForFunction(() => document.querySelector(".message .picture img")?.naturalWidth === 320);
      const kept = await bob.page.evaluate(() => [...new Uint8Array(talks.get("room:Lobby").entries.find((entry) => entry.picture).picture.data)]);
      assert.deepEqual(kept, await ada.page.evaluate(() => window.drawn));
      // Noise does not compress: this one is too large to be sent as it is.
      const bytes = await ada.page.evaluate(draw, [1600, 1000, 400000]);
      assert.ok(bytes > 800000, `${bytes} bytes are not large`);
      await bob.page.waitForFunction(() => {
        const images = document.querySelectorAll(".message .picture img");
        return images.length === 2 && images[1].naturalWidth > 200 && images[1].naturalWidth <= 1600;
      });
      await ada.page.waitForFunction(() => [...document.querySelectorAll(".message.mine")].filter((row) => row.querySelector("img") && row.dataset.state === "all").length === 2);
      await ada.shot("3-picture");
      await cleo.page.waitForFunction(() => document.querySelectorAll(".message .picture img").length === 2);
      await cleo.shot("4-phone");
      await cleo.page.click("#menu");
      await cleo.sees("#rooms", "Music");
      await cleo.page.waitForFunction(() => document.querySelector("#side").getBoundingClientRect().left >= 0);
      await cleo.shot("5-phone-side");
      await cleo.page.keyboard.press("Escape");
    });

    await step("a name that somebody has is refused, in words", async () => {
      const other = await Person.enter(browser, "Bob", server.url);
      await other.sees("#login-error", "Somebody called Bob is here already.");
      await other.shot("6-refused");
      await other.page.close();
    });

    await step("a room that somebody opens is there for all, with what was said in it", async () => {
      await ada.page.fill("#new-room input", "Lunch");
      await ada.page.press("#new-room input", "Enter");
      await ada.sees("#title", "# Lunch");
      await ada.says("Noodles at noon?");
      await ada.ticked("Noodles", "sent");
      await bob.page.click("#rooms button:has-text('Lunch')");
      await bob.sees(".message .words", "Noodles at noon?");
      await bob.says("Yes");
      await ada.ticked("Noodles", "sent");
      await ada.sees(".message .words", "Yes");
      assert.equal(await cleo.page.evaluate(() => talks.has("room:Lunch")), false);
    });

    await step("when the server is gone it says so, and what is written meanwhile arrives later", async () => {
      await server.stop("SIGKILL");
      for (const person of all) await person.sees("#banner", "Reconnecting");
      await ada.says("Is this thing on?");
      await ada.ticked("Is this thing on?", "waiting");
      await ada.shot("7-lost");
      server = await start(server.port);
      await bob.page.evaluate(() => document.querySelector("#banner button")?.click());
      await bob.sees(".message .words", "Is this thing on?");
      // Whether Bob was back already when it arrived, or found it when he came, is chance.
      await ada.page.locator(".message.mine:not([data-state=waiting])", { hasText: "Is this thing on?" }).waitFor();
      for (const person of all) await person.page.waitForFunction(() => document.querySelector("#banner").hidden && socket.connected);
      await ada.shot("8-back");
    });

    await step("after that everybody is where they were, once", async () => {
      await ada.page.waitForFunction(() => everybody.length === 3);
      assert.equal(await bob.count(".message", "Is this thing on?"), 1);
      assert.equal(await bob.count(".message", "Noodles"), 1);
      await bob.says("It is");
      await ada.sees(".message .words", "It is");
      await bob.ticked("It is", "all");
    });

    await step("who closes the page is gone", async () => {
      await cleo.page.close();
      await ada.page.waitForFunction(() => !everybody.includes("Cleo"));
    });

    await step("no page had anything to complain of", async () => {
      assert.deepEqual(all.flatMap((person) => person.complaints), []);
    });
  } finally {
    await browser.close();
    await server.stop("SIGTERM");
  }
}

main()
  .catch((error) => {
    failed += 1;
    console.error(error);
  })
  .finally(() => {
    console.log(`${passed} passed, ${failed} failed`);
    process.exit(failed === 0 ? 0 : 1);
  });
