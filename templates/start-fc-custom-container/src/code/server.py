"""A web server for a custom container; Function Compute sends requests to port 9000."""
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


class Handler(BaseHTTPRequestHandler):
    """Answers with what the request was."""

    protocol_version = "HTTP/1.1"  # connections are kept

    def show(self):
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        content = json.dumps({
            "message": "hello world",
            "method": self.command,
            "path": url.path,
            "query": dict(parse_qsl(url.query)),
            "body": body.decode("utf-8", "backslashreplace"),
        }).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = show


ThreadingHTTPServer(("0.0.0.0", int(os.environ.get("FC_SERVER_PORT", 9000))), Handler).serve_forever()
