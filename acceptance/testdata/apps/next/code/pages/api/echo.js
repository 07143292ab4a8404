export default function handler(req, res) {
  res.status(200).json({ method: req.method, body: req.body, query: req.query });
}
