// socket.io-client on Node: node npm.js URL SECONDS IN-FLIGHT

const fs = require("node:fs");
const { io } = require("socket.io-client");

const [url, seconds, inFlight] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const payload = { n: 1234567, ok: true, text: "hello, socket.io peer" };

// What the threads of this process have run, in nanoseconds.
function processorTime() {
  return fs
    .readdirSync("/proc/self/task")
    .map((id) => Number(fs.readFileSync(`/proc/self/task/${id}/schedstat`, "utf8").split(" ")[0]))
    .reduce((sum, nanos) => sum + nanos, 0);
}

const socket = io(url, { transports: ["websocket"] });
let count = 0;
const ask = () =>
  socket.emit("echo", payload, () => {
    count += 1;
    ask();
  });

socket.on("connect", () => {
  for (let i = 0; i < inFlight; i++) ask();
  // As long as the others need to be warm; the compiler of V8 takes a little more.
  setTimeout(() => {
    const [before, spent, started] = [count, processorTime(), process.hrtime.bigint()];
    setTimeout(() => {
      const [trips, micros] = [count - before, (processorTime() - spent) / 1000];
      const passed = Number(process.hrtime.bigint() - started) / 1e9;
      const rate = (trips / passed).toFixed(0).padStart(7);
      const each = (micros / trips).toFixed(2).padStart(6);
      console.log(`${"npm".padEnd(15)} ${String(inFlight).padStart(3)} under way: ${rate} a second, ${each} us of processor time each`);
      process.exit(0);
    }, seconds * 1000);
  }, 1000);
});
