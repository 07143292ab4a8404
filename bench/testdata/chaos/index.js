const fs = require("fs");
const { spawn } = require("child_process");

exports.handler = async (event) => {
  const order = JSON.parse(event);
  switch (order.do) {
    case "fail":
      throw new Error(order.id);
    case "exit":
      process.exit(parseInt(order.id.slice(-1), 16) % 2);
    case "abort":
      process.abort();
    case "hang":
      await new Promise((resolve) => setTimeout(resolve, 600000));
      break;
    case "orphan":
      spawn("sleep", ["600"], { detached: true, stdio: "ignore" }).unref();
      break;
    case "print":
      console.log("x".repeat(200000));
      break;
    case "close":
      fs.closeSync(1);
      break;
    case "fill":
      fs.writeFileSync(`/tmp/filled-${order.id}`, Buffer.alloc(20000000));
      fs.unlinkSync(`/tmp/filled-${order.id}`);
      break;
    case "memory": {
      const kept = [];
      for (let n = 0; n < 64; n++) kept.push(Buffer.alloc(16 << 20, 1));
      return String(kept.length);
    }
  }
  return JSON.stringify({ id: order.id });
};
