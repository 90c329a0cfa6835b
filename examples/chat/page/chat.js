"use strict";

// The page of the chat. Everything that people write is put into the page as text, never as markup.

const $ = (id) => document.getElementById(id);

/** Made up once per tab: with it the tab gets its name back after a lost connection, and others do not. */
const key = (sessionStorage.tab ??= crypto.randomUUID?.() ?? `${Math.random()}${Math.random()}`);

let me = null;
let socket = null;
/** Conversations by their key, `room:Lobby` or `person:Ada`: what was said, what was not read, who is there. */
const talks = new Map();
let current = null;
let rooms = [];
let everybody = [];
/** What this tab has sent, by id, until everybody has it. */
const sent = new Map();

// --- coming in and going out ------------------------------------------------------------------------------------

$("name").value = localStorage.name ?? "";
$("name").focus();
$("login").addEventListener("submit", (event) => {
  event.preventDefault();
  connect($("name").value.trim());
});
$("sign-out").addEventListener("click", () => {
  sessionStorage.removeItem("here");
  socket.disconnect();
  location.reload();
});
// Reloading the page is not leaving.
if (sessionStorage.here && localStorage.name) connect(localStorage.name);

function connect(name) {
  if (!name || socket) return;
  $("login-error").textContent = "";
  socket = io({
    // Asked for at every connection, also those that are made again.
    auth: (show) => show({ name, key, rooms: [...talks.values()].filter((talk) => talk.room && talk.inside).map((talk) => talk.name) }),
    // An event is sent again until the server acknowledges it, one after the other.
    retries: 5,
    ackTimeout: 10000,
  });

  socket.on("welcome", (confirmed) => {
    const first = me === null;
    me = localStorage.name = confirmed;
    sessionStorage.here = "yes";
    $("door").hidden = true;
    $("app").hidden = false;
    paintMe();
    if (first) open("room", "Lobby");
  });
  socket.on("entered", entered);
  socket.on("rooms", (all) => {
    rooms = all;
    paintSide();
  });
  socket.on("everybody", (all) => {
    everybody = all;
    paintSide();
    paintHead();
  });
  socket.on("people", ({ room, people, came, left }) => {
    const talk = talks.get(`room:${room}`);
    if (!talk) return;
    const wasThere = came && talk.people.includes(came);
    talk.people = people;
    if (came && !wasThere) add(talk, { note: `${came} came in` });
    if (left) add(talk, { note: `${left} left` });
    paintHead();
  });
  socket.on("message", (message, received) => {
    take(message);
    received(true); // the tick of its author
  });
  socket.on("delivered", ({ id, to, of }) => {
    const message = sent.get(id);
    if (!message) return;
    message.arrived = true;
    message.delivered = { to, of };
    paintTick(message);
    if (to.length >= of) sent.delete(id);
  });
  socket.on("typing", (from, place) => typing(talkOf(from, place), from));

  socket.on("connect", () => {
    if (me !== null) banner("You are connected again.", true);
    paintMe();
  });
  socket.on("disconnect", (reason) => {
    if (me === null) return;
    const talk = talks.get(current);
    if (talk) quiet(talk);
    banner(reason === "io server disconnect" ? "The server has ended this connection." : "The connection is lost. Reconnecting…");
    paintMe();
  });
  socket.on("connect_error", (error) => {
    if (socket.active) {
      if (me === null) $("login-error").textContent = "The server does not answer. Trying again…";
      return; // it tries again by itself
    }
    // The server refused, and says why.
    socket.close();
    socket = null;
    sessionStorage.removeItem("here");
    if (me !== null) return location.reload();
    $("login-error").textContent = error.message;
    $("name").select();
  });
  socket.io.on("reconnect_attempt", (attempt) => {
    if (me !== null) banner(`The connection is lost. Reconnecting… (attempt ${attempt})`);
  });
  $("my-state").textContent = "";
}

let bannerTimer;
function banner(text, good = false) {
  clearTimeout(bannerTimer);
  const element = $("banner");
  element.textContent = text;
  element.classList.toggle("good", good);
  element.hidden = false;
  if (good) {
    bannerTimer = setTimeout(() => (element.hidden = true), 2500);
    return;
  }
  const button = make("button", { type: "button", textContent: "Try now" });
  button.addEventListener("click", () => socket.disconnect().connect());
  element.append(button);
}

// --- conversations ----------------------------------------------------------------------------------------------

function talkFor(kind, name) {
  const id = `${kind}:${name}`;
  if (!talks.has(id)) {
    talks.set(id, { id, name, room: kind === "room", inside: kind !== "room", entries: [], people: [], unread: 0, typing: new Map(), draft: "" });
  }
  return talks.get(id);
}

/** Where something belongs: what a person tells me is in the conversation with that person. */
function talkOf(from, place) {
  if (place.room) return talks.get(`room:${place.room}`);
  return talkFor("person", from === me ? place.person : from);
}

function open(kind, name) {
  const talk = talkFor(kind, name);
  const before = talks.get(current);
  if (before) before.draft = $("text").value;
  current = talk.id;
  talk.unread = 0;
  $("text").value = talk.draft;
  document.body.classList.remove("with-side");
  paintAll();
  if (!matchMedia("(max-width: 760px)").matches) $("text").focus();
  if (talk.inside) return;
  socket.emit("enter", name, (error, answer) => {
    if (!error && !answer.error) return entered(answer);
    talks.delete(talk.id);
    add(talkFor("room", "Lobby"), { note: answer?.error ?? `${name} could not be entered` });
    open("room", "Lobby");
  });
}

/** I am in a room now, and this is what was said in it. */
function entered({ room, people, history }) {
  const talk = talkFor("room", room);
  talk.inside = true;
  talk.people = people;
  for (const message of history) take(message, false);
  if (talk.id === current) paintAll();
  else paintSide();
}

$("leave").addEventListener("click", () => {
  const talk = talks.get(current);
  talks.delete(current);
  if (talk.room) socket.emit("leave", talk.name, () => {});
  const next = [...talks.values()].find((other) => other.room);
  open("room", next?.name ?? "Lobby");
});

$("new-room").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = event.target.room.value.trim();
  event.target.reset();
  if (name) open("room", name);
});

// --- messages ---------------------------------------------------------------------------------------------------

/** A message from the server. */
function take(message, isNew = true) {
  const talk = talkOf(message.from, message.place);
  // It may be here already: what was said while I came in, and what was said before a connection was lost.
  if (!talk || talk.entries.some((entry) => entry.id === message.id)) return;
  talk.typing.delete(message.from);
  message.arrived = true;
  if (message.picture) message.url = URL.createObjectURL(new Blob([message.picture.data], { type: message.picture.media }));
  add(talk, message);
  if (isNew && message.from !== me && (talk.id !== current || document.hidden)) {
    talk.unread += 1;
    paintSide();
  }
}

function add(talk, entry) {
  entry.at ??= Date.now();
  // Ordered by time: what comes late, because a connection was lost, stands where it belongs.
  let at = talk.entries.length;
  while (at > 0 && talk.entries[at - 1].at > entry.at) at -= 1;
  talk.entries.splice(at, 0, entry);
  if (talk.id !== current) return;
  const follow = isAtEnd() || entry.from === me;
  if (at === talk.entries.length - 1 && at > 0) {
    appendEntry(talk, at);
  } else {
    paintMessages();
  }
  if (follow) toEnd();
  else $("newest").hidden = false;
  paintTyping();
}

function say({ text = "", picture = null, url = null }) {
  const talk = talks.get(current);
  if (!talk || (!text && !picture)) return;
  const place = talk.room ? { room: talk.name } : { person: talk.name };
  const message = { id: `${key.slice(0, 8)}-${Date.now().toString(36)}-${sent.size}-${Math.random().toString(36).slice(2, 8)}`, from: me, place, text, url };
  sent.set(message.id, message);
  add(talk, message);
  socket.emit("message", { id: message.id, place, text, picture }, (error, answer) => {
    if (error || answer?.error) {
      message.failed = answer?.error ?? "It did not reach the server.";
      sent.delete(message.id);
    } else {
      message.arrived = true;
    }
    paintTick(message);
  });
}

$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text) return;
  $("text").value = "";
  lastTyping = 0;
  fit();
  say({ text });
  $("text").focus();
});
$("text").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $("composer").requestSubmit();
});

let lastTyping = 0;
$("text").addEventListener("input", () => {
  fit();
  const talk = talks.get(current);
  if (!talk || !$("text").value || Date.now() - lastTyping < 1500) return;
  lastTyping = Date.now();
  // Not sent again, and not kept for later: nobody cares who was typing.
  socket.volatile.emit("typing", talk.room ? { room: talk.name } : { person: talk.name });
});

function fit() {
  const box = $("text");
  $("send").disabled = !box.value.trim();
  if (CSS.supports("field-sizing", "content")) return;
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight + 2}px`;
}

function typing(talk, who) {
  if (!talk || who === me) return;
  clearTimeout(talk.typing.get(who));
  talk.typing.set(who, setTimeout(() => {
    talk.typing.delete(who);
    paintTyping();
  }, 4000));
  paintTyping();
}

function quiet(talk) {
  for (const timer of talk.typing.values()) clearTimeout(timer);
  talk.typing.clear();
  paintTyping();
}

// --- pictures ---------------------------------------------------------------------------------------------------

const LARGEST = 800000;

$("attach").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", async () => {
  const files = [...$("file").files];
  $("file").value = "";
  await sendPictures(files);
});
$("text").addEventListener("paste", (event) => {
  const files = [...event.clipboardData.files];
  if (files.length) {
    event.preventDefault();
    sendPictures(files);
  }
});
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  if (me !== null) document.body.classList.add("dragging");
});
for (const end of ["dragleave", "drop"]) {
  document.addEventListener(end, (event) => {
    if (end === "dragleave" && event.relatedTarget) return;
    document.body.classList.remove("dragging");
  });
}
document.addEventListener("drop", (event) => {
  event.preventDefault();
  if (me !== null) sendPictures([...event.dataTransfer.files]);
});

async function sendPictures(files) {
  for (const file of files.filter((file) => file.type.startsWith("image/"))) {
    try {
      const blob = await smaller(file);
      say({ picture: await blob.arrayBuffer(), url: URL.createObjectURL(blob) });
    } catch {
      add(talks.get(current), { note: `${file.name || "That"} is no picture that can be shown` });
    }
  }
}

/** A picture that the server takes: as it is, if it is small; otherwise with fewer pixels. */
async function smaller(file) {
  const bitmap = await createImageBitmap(file);
  const plain = ["image/png", "image/jpeg", "image/gif", "image/webp"].includes(file.type);
  if (plain && file.size <= LARGEST) return file;
  for (let edge = 1600; edge >= 200; edge = Math.round(edge * 0.7)) {
    const scale = Math.min(1, edge / Math.max(bitmap.width, bitmap.height));
    const canvas = make("canvas", { width: Math.max(1, bitmap.width * scale), height: Math.max(1, bitmap.height * scale) });
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
    if (blob && blob.size <= LARGEST) return blob;
  }
  throw new Error("too large");
}

$("viewer").addEventListener("click", () => $("viewer").close());

// --- painting ---------------------------------------------------------------------------------------------------

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function avatar(name) {
  const element = make("span", { className: "avatar", ariaHidden: "true" });
  paintAvatar(element, name);
  return element;
}

function paintAvatar(element, name) {
  let hash = 7;
  for (const char of name) hash = (hash * 31 + char.codePointAt(0)) % 360;
  element.style.setProperty("--hue", hash);
  const words = name.split(/\s+/).filter(Boolean);
  element.textContent = words.slice(0, 2).map((word) => [...word][0].toUpperCase()).join("");
}

function paintMe() {
  $("my-name").textContent = me ?? "";
  paintAvatar($("my-avatar"), me ?? "?");
  $("my-state").textContent = socket?.connected ? "online" : "offline";
}

function paintAll() {
  paintSide();
  paintHead();
  paintMessages();
  toEnd();
  paintTyping();
  fit();
}

function paintSide() {
  const known = new Map(rooms.map(({ room, people }) => [room, people]));
  for (const talk of talks.values()) if (talk.room && !known.has(talk.name)) known.set(talk.name, talk.people.length);
  $("rooms").replaceChildren(
    ...[...known].sort(([a], [b]) => a.localeCompare(b)).map(([name, people]) => {
      const talk = talks.get(`room:${name}`);
      const row = item("room", name, talk, make("span", { className: "hash", textContent: "#", ariaHidden: "true" }));
      row.firstChild.append(make("span", { className: "count", textContent: people || "", title: `${people} inside` }));
      if (!talk?.inside) row.className = "outside";
      return row;
    }),
  );
  const names = new Set(everybody.filter((name) => name !== me));
  const gone = [...talks.values()].filter((talk) => !talk.room && !names.has(talk.name)).map((talk) => talk.name);
  const people = [...names].sort((a, b) => a.localeCompare(b)).map((name) => item("person", name, talks.get(`person:${name}`), avatar(name)));
  for (const name of gone) {
    const row = item("person", name, talks.get(`person:${name}`), avatar(name));
    row.className = "gone";
    people.push(row);
  }
  $("people").replaceChildren(...(people.length ? people : [make("li", { className: "nobody", textContent: "Nobody else is here yet." })]));
  const unread = [...talks.values()].reduce((sum, talk) => sum + talk.unread, 0);
  document.title = unread ? `(${unread}) Chat` : "Chat";
  $("elsewhere").textContent = unread;
  $("elsewhere").hidden = !unread;
}

function item(kind, name, talk, sign) {
  const button = make("button", { type: "button" }, sign, make("span", { className: "label", textContent: name }));
  if (talk?.unread) button.append(make("span", { className: "badge", textContent: talk.unread, title: "not read" }));
  if (talk && talk.id === current) button.setAttribute("aria-current", "true");
  button.addEventListener("click", () => open(kind, name));
  return make("li", {}, button);
}

function paintHead() {
  const talk = talks.get(current);
  if (!talk) return;
  $("title").textContent = talk.room ? `# ${talk.name}` : talk.name;
  if (talk.room) {
    const others = talk.people.filter((name) => name !== me);
    const few = others.slice(0, 6).join(", ") + (others.length > 6 ? ` and ${others.length - 6} more` : "");
    $("subtitle").textContent = others.length ? `You, ${few}` : "Only you are here";
  } else {
    $("subtitle").textContent = everybody.includes(talk.name) ? "Only the two of you see this" : "Is not here now";
  }
  $("leave").textContent = talk.room ? "Leave room" : "Close";
  $("text").placeholder = talk.room ? `Message to ${talk.name}` : `Message to ${talk.name}, in private`;
}

function paintMessages() {
  const talk = talks.get(current);
  $("newest").hidden = true;
  $("messages").replaceChildren();
  if (!talk) return;
  if (!talk.entries.length) {
    const first = talk.room ? `Nobody has said anything in ${talk.name} yet.` : `What you write here, only ${talk.name} can read.`;
    $("messages").append(make("li", { className: "empty" }, make("strong", { textContent: talk.room ? "It is quiet here" : `You and ${talk.name}` }), first));
    return;
  }
  for (let at = 0; at < talk.entries.length; at += 1) appendEntry(talk, at);
}

function appendEntry(talk, at) {
  const entry = talk.entries[at];
  const before = talk.entries[at - 1];
  const day = (time) => new Date(time).toDateString();
  const list = $("messages");
  if (before ? day(before.at) !== day(entry.at) : day(entry.at) !== day(Date.now())) {
    list.append(make("li", { className: "day", textContent: new Date(entry.at).toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long" }) }));
  }
  if (entry.note) {
    list.append(make("li", { className: "note", textContent: entry.note }));
    return;
  }
  const bubble = make("div", { className: "bubble" });
  if (entry.url) {
    const image = make("img", { src: entry.url, alt: `Picture from ${entry.from}` });
    image.addEventListener("load", () => entry === talk.entries.at(-1) && toEnd());
    const button = make("button", { type: "button", className: "picture", title: "Show it large" }, image);
    button.addEventListener("click", () => {
      $("viewed").src = entry.url;
      $("viewer").showModal();
    });
    bubble.append(button);
    bubble.classList.add("with-picture");
  }
  if (entry.text) {
    const big = /^(\p{Extended_Pictographic}|\p{Emoji_Component}|\s){1,6}$/u.test(entry.text) && !/[\d#*]/.test(entry.text);
    bubble.append(make("span", { className: big ? "words big" : "words", textContent: entry.text }));
  }
  const time = make("time", { textContent: new Date(entry.at).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" }) });
  time.dateTime = new Date(entry.at).toISOString();
  const foot = make("span", { className: "foot" }, time);
  bubble.append(foot);
  const row = make("li", { className: "message" }, avatar(entry.from), make("span", { className: "author", textContent: entry.from }), bubble);
  row.dataset.id = entry.id;
  row.classList.toggle("mine", entry.from === me);
  row.classList.toggle("first", !before || before.note !== undefined || before.from !== entry.from || entry.at - before.at > 300000);
  list.append(row);
  entry.row = row;
  if (entry.from === me) paintTick(entry);
}

const TICK = {
  waiting: '<svg class="tick waiting" viewBox="0 0 12 12"><circle cx="6" cy="6" r="4.5" stroke-dasharray="20 9"/></svg>',
  arrived: '<svg class="tick" viewBox="0 0 18 12"><path d="m1.5 6.5 3.2 3.2L11 3"/><path class="second" d="m8.7 9.7L15 3"/></svg>',
};

/** How far a message of mine got: under way, at the server, with some, with all. */
function paintTick(message) {
  const { row } = message;
  if (!row?.isConnected) return;
  row.classList.toggle("failed", Boolean(message.failed));
  const foot = row.querySelector(".foot");
  foot.querySelector("svg")?.remove();
  row.querySelector(".why")?.remove();
  if (message.failed) {
    row.querySelector(".bubble").append(make("div", { className: "why", textContent: message.failed }));
    return;
  }
  const { to = [], of = 0 } = message.delivered ?? {};
  const state = !message.arrived ? "waiting" : to.length === 0 ? "sent" : to.length < of ? "some" : "all";
  foot.insertAdjacentHTML("beforeend", state === "waiting" ? TICK.waiting : TICK.arrived);
  const tick = foot.querySelector("svg");
  tick.classList.add(state);
  const words = { waiting: "Not sent yet", sent: "The server has it", some: `${to.join(", ")} has it, ${of - to.length} not yet`, all: `Delivered to ${to.join(", ")}` }[state];
  row.dataset.state = state;
  foot.title = words;
  tick.setAttribute("role", "img");
  tick.setAttribute("aria-label", words);
}

function paintTyping() {
  const who = [...(talks.get(current)?.typing.keys() ?? [])];
  if (!who.length) return $("typing").replaceChildren();
  const words = who.length === 1 ? `${who[0]} is typing` : who.length === 2 ? `${who[0]} and ${who[1]} are typing` : "Several people are typing";
  const dots = make("span", { className: "dots", ariaHidden: "true" }, make("i"), make("i"), make("i"));
  $("typing").replaceChildren(dots, words);
}

function isAtEnd() {
  const list = $("messages");
  return list.scrollHeight - list.scrollTop - list.clientHeight < 80;
}

function toEnd() {
  const list = $("messages");
  list.scrollTop = list.scrollHeight;
  $("newest").hidden = true;
}

$("newest").addEventListener("click", toEnd);
$("messages").addEventListener("scroll", () => isAtEnd() && ($("newest").hidden = true));
$("menu").addEventListener("click", () => document.body.classList.toggle("with-side"));
$("shade").addEventListener("click", () => document.body.classList.remove("with-side"));
document.addEventListener("keydown", (event) => event.key === "Escape" && document.body.classList.remove("with-side"));
document.addEventListener("visibilitychange", () => {
  const talk = talks.get(current);
  if (document.hidden || !talk?.unread) return;
  talk.unread = 0;
  paintSide();
});
