"use strict";

// The files that pages name in their script tags, as npm has them, and what browsers are told to compare them with.

const crypto = require("crypto");
const fs = require("fs");
const path = require("path");

const CLIENTS = path.join(__dirname, "..", "clients", "node_modules");

/**
 * `main`: the file that goes through everything; the others of a version show that they load and talk. The hashes of the main
 * files of 2.2.0 and 4.0.1 are those that content delivery networks publish.
 */
const BUNDLES = [
  ["2.2.0", "socket.io.js", "sha256-yr4fRk/GU1ehYJPAs8P4JlTgu0Hdsp4ZKrx8bDEDC3I=", "main"],
  ["2.2.0", "socket.io.slim.js", "sha512-x6k4kJEbDV/5bmxdt/dBkyKYdBwv41Sfz7V8nc5rxkeGI4aUsK9QIAlguufZDEV/XZJV3fhdkkddn2qEUZ2n2Q=="],
  ["2.3.0", "socket.io.js", "sha512-v8ng/uGxkge3d1IJuEo6dJP8JViyvms0cly9pnbfRxT6/31c3dRWxIiwGnMSWwZjHKOuY3EVmijs7k1jz/9bLA==", "main"],
  ["2.3.0", "socket.io.slim.js", "sha512-hcPg/5yQzb6Ocz2NHy+XdRfmET1kTOtZc1l6Yt2TyriHW6WpK80hoLfaKG5wI7SqLt/x6IiV9kRoInYCA/BEWw=="],
  ["4.0.1", "socket.io.js", "sha512-q/dWJ3kcmjBLU4Qc47E4A9kTB4m3wuTY7vkFJDTZKjTs8jhyGQnaUrxa0Ytd0ssMZhbNua9hE+E7Qv1j+DyZwA==", "main"],
  ["4.0.1", "socket.io.min.js", "sha512-eVL5Lb9al9FzgR63gDs1MxcDS2wFu3loYAgjIH0+Hg38tCS8Ag62dwKyH+wzDb+QauDpEZjXbMn11blw8cbTJQ=="],
  ["4.0.1", "socket.io.msgpack.min.js", "sha512-0aJnuWBBZ7b+nBsfKthYJlr1NFj8Cj+VV6xVgeGWSSpl/DOnlnlnQsvw51kQEnkjczIA7LFjcm42pf4Y9T0Alg=="],
  ["4.5.4", "socket.io.min.js", "sha512-HTENHrkQ/P0NGDFd5nk6ibVtCkcM7jhr2c7GyvXp5O+4X6O5cQO9AhqFzM+MdeBivsX7Hoys2J7pp2wdgMpCvw==", "main"],
  ["4.5.4", "socket.io.js", "sha512-YeeA/Qxn5hYdkukScTCNNOhTrv1C2RubAGButJ1rmgQwZf/HdRaCGl+JAVkqsqaNRaYNHdheiuKKuPf9mDcqKg=="],
  ["4.5.4", "socket.io.esm.min.js", "sha512-UXYQIpmGm5/hzILMeW82BafZSqnAknJNzDcdF8zFC4DeVv2mTUr5wCZ8C2klsvvYOwNNWWixZ9cAS6/mRQoL6A=="],
  ["4.5.4", "socket.io.msgpack.min.js", "sha512-/WHXwiVamS2KFxLRWbs0YgK0V3TvEtdz31CR/hohU2NJtsTo/5WWrRahhSOaCyKzLkpgm+moG4ibnx3t9lJwVA=="],
  ["4.8.4", "socket.io.min.js", "sha512-xRBIxEU1o+/TCVhv/EL1y/xAdUVdvVQJSXO0zafimQ/Qm6acv4wlfZxqpoXZLO6pa2dROhAEJAXXdI+FAFgnKA==", "main"],
  ["4.8.4", "socket.io.js", "sha512-dDCXSKyPaEikucluA6BrNqHngOGByBEhxwwlP+GvVt90XOe0BpmZEdnIJi849R2q9rG23Yzxhiy4uKCdnrJySw=="],
  ["4.8.4", "socket.io.esm.min.js", "sha512-GE7iM5D5JF2+TgIiepRtscQxhV4RZDyNrJS7PYsrJhexWVBD2gW2y7NaeYPbahM+kYn8AVXRuC6pwLv7Spwu7A=="],
  ["4.8.4", "socket.io.msgpack.min.js", "sha512-YvDBjo6397Tc6jmaZfkfQ3n/xobJNSBxhwDucNNV9HhZd9Id7hDkHPGtll3LXZCH0yNyQa/48eqzqiyEMUYPbA=="],
].map(([version, file, integrity, main]) => ({
  version,
  file,
  integrity,
  isMain: main === "main",
  isMsgpack: file.includes("msgpack"),
  eio: version.startsWith("2.") ? 3 : 4,
  peer: `Chromium, ${file} ${version}`,
  page: `${version}-${file.replace(/\.js$/, "")}.html`,
}));

/** Writes the pages, and what they load, into a folder that servers serve. */
function writePages(folder) {
  fs.copyFileSync(path.join(__dirname, "page.js"), path.join(folder, "page.js"));
  for (const bundle of BUNDLES) {
    const { version, file, integrity } = bundle;
    const content = fs.readFileSync(path.join(CLIENTS, `client-${version.replace(/\.\d+$/, "")}`, "dist", file));
    const [algorithm] = integrity.split("-");
    const found = `${algorithm}-${crypto.createHash(algorithm).update(content).digest("base64")}`;
    if (found !== integrity) throw new Error(`${file} ${version} is ${found}, not ${integrity}`);
    const name = `${version}-${file}`;
    fs.writeFileSync(path.join(folder, name), content);
    const write = (page, tag) => fs.writeFileSync(path.join(folder, page),
      `<!doctype html>\n<meta charset="utf-8">\n<title>${file} ${version}</title>\n${tag}\n<script src="page.js"></script>\n`);
    if (file.includes(".esm.")) {
      write(bundle.page, `<script type="module">import { io } from "./${name}"; window.io = io;</script>`);
    } else {
      const tag = (hash) => `<script src="${name}" integrity="${hash}" crossorigin="anonymous"></script>`;
      write(bundle.page, tag(integrity));
      write(`damaged-${bundle.page}`, tag(`sha256-${Buffer.alloc(32).toString("base64")}`));
      // A page that is opened from a disk has the origin `null`, for which no script is checked.
      write(`file-${bundle.page}`, `<script src="${name}"></script>`);
    }
  }
}

module.exports = { BUNDLES, writePages };
