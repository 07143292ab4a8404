export default function handler(req, res) {
  res.setHeader("Set-Cookie", ["a=1; Path=/", "b=2; Path=/"]);
  res.status(200).send((req.cookies.a ?? "") + (req.cookies.b ?? ""));
}
