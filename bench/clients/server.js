// The server that all are measured against: it sends back what it is asked. node server.js PORT

const http = require("node:http");
const { Server } = require("socket.io");

const server = http.createServer();
new Server(server).on("connection", (socket) => socket.on("echo", (...args) => args.pop()(...args)));
server.listen(Number(process.argv[2]), "127.0.0.1", () => console.log(`listening ${server.address().port}`));
