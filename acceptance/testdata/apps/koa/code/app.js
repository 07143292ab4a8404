// What web applications do, in Koa: the same paths as the other frameworks here.
const fs = require("node:fs");
const { PassThrough } = require("node:stream");
const { text } = require("node:stream/consumers");
const Koa = require("koa");
const { Router } = require("@koa/router");

const router = new Router();
let go = () => {};
router.get("/hello", (ctx) => { ctx.body = "hello " + ctx.query.name; });
router.post("/echo", async (ctx) => {
  ctx.body = { method: ctx.method, body: JSON.parse(await text(ctx.req)), query: ctx.query.q };
});
router.get("/cookie", (ctx) => {
  ctx.body = (ctx.cookies.get("a") ?? "") + (ctx.cookies.get("b") ?? "");
  ctx.cookies.set("a", "1");
  ctx.cookies.set("b", "2");
});
router.get("/redirect", (ctx) => ctx.redirect("/hello?name=s"));
router.get("/static/app.css", (ctx) => { ctx.type = "css"; ctx.body = fs.createReadStream(__dirname + "/static/app.css"); });
router.get("/fail", () => { throw new Error("on purpose"); });
router.get("/stream", (ctx) => {
  const out = new PassThrough();
  ctx.type = "text";
  ctx.body = out;
  (async () => {
    for (const line of ["one\n", "two\n", "three\n"]) {
      const asked = new Promise((resolve) => { go = resolve; });
      out.write(line);
      await asked; // the caller, who has read the line, asks for the next
    }
    out.end();
  })();
});
router.post("/stream", (ctx) => { go(); ctx.body = ""; });

new Koa().use(router.routes()).listen(process.env.FC_SERVER_PORT);
