// What web applications do, in Express: the same paths as the other frameworks here.
const express = require("express");

const app = express();
let go = () => {};
app.use(express.json());
app.use("/static", express.static(__dirname + "/static"));
app.get("/hello", (req, res) => res.send("hello " + req.query.name));
app.post("/echo", (req, res) => res.json({ method: req.method, body: req.body, query: req.query.q }));
app.get("/cookie", (req, res) => {
  const values = (req.headers.cookie ?? "").split("; ").filter(Boolean).map((pair) => pair.split("=")[1]);
  res.cookie("a", "1").cookie("b", "2").type("text").send(values.join(""));
});
app.get("/redirect", (req, res) => res.redirect("/hello?name=s"));
app.get("/fail", () => { throw new Error("on purpose"); });
app.get("/stream", async (req, res) => {
  res.type("text");
  for (const line of ["one\n", "two\n", "three\n"]) {
    const asked = new Promise((resolve) => { go = resolve; });
    res.write(line);
    await asked; // the caller, who has read the line, asks for the next
  }
  res.end();
});
app.post("/stream", (req, res) => { go(); res.end(); });
app.listen(process.env.FC_SERVER_PORT);
