# A custom runtime in one file: an HTTP server with what the tests need.
import json
import os
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn

initialized = 0
barrier = threading.Barrier(2)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body, **headers):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def read(self):
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            parts = []
            while True:
                size = int(self.rfile.readline(), 16)
                parts.append(self.rfile.read(size))
                self.rfile.readline()
                if not size:
                    return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_GET(self):
        body = self.read()
        if self.headers["x-fc-control-path"] == "/http-invoke":
            return self.http(body)
        if self.path == "/pre-stop":
            print("stopping %s" % self.headers["x-fc-request-id"], flush=True)
            return self.answer(200, b"")
        if self.path == "/pre-freeze":
            print("freezing %s" % self.headers["x-fc-control-path"], flush=True)
            return self.answer(200, b"")
        if self.path == "/health":
            global initialized
            initialized += 1
            return self.answer(500 if initialized < 2 else 204, b"")
        self.answer(404, b"")

    def do_POST(self):
        body = self.read()
        if self.headers["x-fc-control-path"] == "/http-invoke":
            return self.http(body)
        if self.path == "/initialize":
            return self.initialize()
        text = body.decode()
        print("got %s" % text[:80], flush=True)
        if text == "headers":
            return self.answer(200, dict(self.headers.items()), Content_Type="application/json")
        if text == "status 404":
            return self.answer(404, b"no good")
        if text == "fc-status":
            return self.answer(200, b"told so", x_fc_status="404")
        if text == "fc-status fine":
            return self.answer(500, b"fine", x_fc_status="200")
        if text == "exit":
            print("bye", flush=True)
            os._exit(4)
        if text == "drop":
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if text == "sleep":
            time.sleep(60)
        if text == "together":
            barrier.wait(30)
        if text == "mine":
            return self.answer(200, {k: os.environ.get(k) for k in (
                "FC_SERVER_PORT", "FC_CUSTOM_LISTEN_PORT", "MINE", "FC_FUNCTION_NAME", "FC_REGION")})
        self.answer(200, body, Content_Type="text/plain")

    def initialize(self):
        global initialized
        initialized += 1
        print("initialize %s" % self.headers["x-fc-request-id"], flush=True)
        mode = os.environ.get("INITIALIZE", "")
        if mode == "fail":
            return self.answer(500, b"can't")
        if mode == "sleep":
            time.sleep(60)
        self.answer(200, b"")

    def http(self, body):
        if self.path == "/stream":
            self.send_response_only(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for i in range(3):
                self.wfile.write(b"3\r\nt%d\n\r\n" % i)
                self.wfile.flush()
                if i == 0:
                    time.sleep(float(os.environ.get("PAUSE", "0")))
            self.wfile.write(b"0\r\n\r\n")
            return
        if self.path == "/die":
            self.send_response_only(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"part")
            self.wfile.flush()
            os._exit(4)
        if self.path == "/slow":
            time.sleep(60)
        if self.path == "/failed":
            return self.answer(500, b"the function's own page", x_fc_status="404", x_fc_secret="1")
        self.answer(418, {
            "method": self.command, "path": self.path, "headers": dict(self.headers.items()), "body": body.decode("latin-1")},
            X_Answer="yes", Connection="keep-alive")

    do_PUT = do_DELETE = do_HEAD = do_PATCH = do_GET


class Server(ThreadingMixIn, HTTPServer):
    daemon_threads = True
    address_family = socket.AF_INET


if __name__ == "__main__":
    mode = sys.argv[1] if len(sys.argv) > 1 else ""
    print("starting %s" % mode, flush=True)
    if mode == "exit":
        sys.stderr.write("Traceback: no config\n")
        sys.exit(3)
    if mode == "deaf":
        time.sleep(600)
    if mode == "late":
        time.sleep(0.3)
    host = "127.0.0.1" if mode == "private" else "0.0.0.0"
    Server((host, int(os.environ["FC_SERVER_PORT"])), Handler).serve_forever()
