// Calls the service at ADDRESS under the name HOST in all ways; prints what came.
// PACKAGES has node_modules.
const [packages, address, host] = process.argv.slice(2);
const grpc = require(packages + "/node_modules/@grpc/grpc-js");
const loader = require(packages + "/node_modules/@grpc/proto-loader");

const { talk } = grpc.loadPackageDefinition(loader.loadSync(__dirname + "/code/talk.proto"));
const client = new talk.Talk(address, grpc.credentials.createInsecure(), {
  "grpc.default_authority": host, "grpc.enable_http_proxy": 0,
});
const soon = (ms = 60000) => ({ deadline: Date.now() + ms });
const names = Object.fromEntries(Object.entries(grpc.status).filter(([name]) => isNaN(name)).map(([name, code]) => [code, name]));

const ask = (method, value, ms) => new Promise((resolve, reject) => {
  client[method]({ value }, new grpc.Metadata(), soon(ms), (err, answer) => (err ? reject(err) : resolve(answer.value)));
});

async function say() {
  const metadata = new grpc.Metadata();
  metadata.set("x-ask", "1");
  metadata.set("x-fc-function-name", "made up");
  const seen = {};
  const value = await new Promise((resolve, reject) => {
    const call = client.Say({ value: "s" }, metadata, soon(), (err, answer) => (err ? reject(err) : (seen.value = answer.value)));
    call.on("metadata", (m) => { seen.answer = m.get("x-answer")[0]; });
    call.on("status", (s) => { seen.last = s.metadata.get("x-last")[0]; seen.told = s.metadata.get("x-told")[0]; resolve(seen.value); });
  });
  console.log("say", value, seen.answer, seen.last, seen.told);
}

async function chat() {
  const call = client.Chat(new grpc.Metadata(), soon());
  const heard = [];
  call.write({ value: "0" });
  for await (const text of call) {
    heard.push(text.value); // each message is sent once the answer to the former one is here
    if (heard.length < 3) call.write({ value: String(heard.length) });
    else call.end();
  }
  console.log("chat", ...heard);
}

async function main() {
  await say();
  console.log("large", (await ask("Say", "x".repeat(3000000))).length);
  const counted = [];
  for await (const text of client.Count({ value: "5" }, new grpc.Metadata(), soon())) counted.push(text.value);
  console.log("count", ...counted);
  console.log("gather", await new Promise((resolve, reject) => {
    const call = client.Gather(new grpc.Metadata(), soon(), (err, answer) => (err ? reject(err) : resolve(answer.value)));
    for (const value of ["a", "b", "c"]) call.write({ value });
    call.end();
  }));
  await chat();
  await ask("Fail", "it").catch((err) => console.log("fail", names[err.code], err.details));
  await new Promise((resolve) => {
    client.makeUnaryRequest("/talk.Talk/None", (b) => b, (b) => b, Buffer.alloc(0), new grpc.Metadata(), soon(), (err) => {
      console.log("none", names[err.code]);
      resolve();
    });
  });
  await ask("Wait", "", 500).catch((err) => console.log("deadline", names[err.code]));
  console.log("then", await ask("Gone", ""));
  await new Promise((resolve) => {
    const call = client.Wait({ value: "" }, new grpc.Metadata(), soon(), (err) => {
      console.log("cancel", err.code === grpc.status.CANCELLED ? "True" : names[err.code]);
      resolve();
    });
    call.cancel();
  });
  client.close();
}

main();
