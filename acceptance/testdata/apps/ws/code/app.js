// A WebSocket server that answers what it hears, text and bytes, and says when a
// caller has left.
const { WebSocketServer } = require("ws");

const server = new WebSocketServer({
  port: Number(process.env.FC_SERVER_PORT),
  handleProtocols: (offered) => (offered.has("chat") ? "chat" : false),
});
let left = 0;
server.on("connection", (socket, request) => {
  socket.on("message", (data, binary) => {
    if (String(data) === "left") return socket.send("left " + left);
    if (String(data) === "bye") return socket.close(4001, "as you wish");
    socket.send(binary ? data : "heard " + data + " on " + request.url, { binary });
  });
  socket.on("close", () => { left++; });
});
