import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import index


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        event = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            status, body = 200, index.handler(event, None).encode()
        except Exception as err:
            status, body = 500, str(err).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


ThreadingHTTPServer.daemon_threads = True
ThreadingHTTPServer(("0.0.0.0", int(os.environ["FC_SERVER_PORT"])), Handler).serve_forever()
