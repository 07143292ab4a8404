// All kinds of calls of gRPC.
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const { talk } = grpc.loadPackageDefinition(loader.loadSync(__dirname + "/talk.proto"));
let tell;
const gone = new Promise((resolve) => { tell = resolve; });

const server = new grpc.Server();
server.addService(talk.Talk.service, {
  Say(call, done) {
    const answer = new grpc.Metadata();
    answer.set("x-answer", call.metadata.get("x-ask")[0] ?? "");
    call.sendMetadata(answer);
    const last = new grpc.Metadata();
    last.set("x-last", "yes");
    last.set("x-told", call.metadata.get("x-fc-function-name")[0] ?? "");
    done(null, { value: "hello " + call.request.value }, last);
  },
  Count(call) {
    for (let n = 0; n < Number(call.request.value); n++) call.write({ value: String(n) });
    call.end();
  },
  Gather(call, done) {
    const all = [];
    call.on("data", (text) => all.push(text.value));
    call.on("end", () => done(null, { value: all.join(" ") }));
  },
  Chat(call) {
    call.on("data", (text) => call.write({ value: "heard " + text.value }));
    call.on("end", () => call.end());
  },
  Fail: (call, done) => done({ code: grpc.status.NOT_FOUND, details: "no " + call.request.value }),
  Wait: (call) => { call.on("cancelled", tell); },
  Gone: (call, done) => { gone.then(() => done(null, { value: "gone" })); },
});
server.bindAsync("0.0.0.0:" + process.env.FC_SERVER_PORT, grpc.ServerCredentials.createInsecure(), (err) => {
  if (err) throw err;
});
