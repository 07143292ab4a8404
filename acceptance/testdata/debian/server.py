"""What the tests with a Debian system run in it: an event is a line for sh."""
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

held = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, text):
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        self.answer(("%s %s" % (self.path, " ".join(sys.argv[1:]))).encode())

    def do_POST(self):
        event = self.rfile.read(int(self.headers["Content-Length"])).decode()
        print("runs", event, flush=True)
        if event.startswith("hold "):
            held.append(b"x" * (int(event.split()[1]) << 20))
        self.answer(subprocess.run(["sh", "-c", event], stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.strip())


ThreadingHTTPServer(("0.0.0.0", int(sys.argv[2])), Handler).serve_forever()
