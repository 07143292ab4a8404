// Each line waits until the caller, who has read the former one, asks for it.
export default async function handler(req, res) {
  if (req.method === "POST") {
    globalThis.go?.();
    return res.status(200).send("");
  }
  res.setHeader("Content-Type", "text/plain; charset=utf-8");
  for (const line of ["one\n", "two\n", "three\n"]) {
    const asked = new Promise((go) => { globalThis.go = go; });
    res.write(line);
    await asked;
  }
  res.end();
}
