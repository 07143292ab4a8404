"""A custom runtime: an HTTP server that keeps the contract by itself.

It answers with the handlers that the managed runtime of Python has, too.
"""
import inspect
import json
import os
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace as Fields

import clauses

local = threading.local()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def context(self):
        get = lambda name: self.headers.get("x-fc-" + name, "")
        return Fields(
            request_id=get("request-id"), region=get("region"), account_id=get("account-id"),
            function=Fields(name=get("function-name"), handler=get("function-handler"),
                            memory=get("function-memory"), timeout=get("function-timeout")),
            service=Fields(name=get("service-name"), qualifier=get("qualifier"), version_id=get("version-id")),
            credentials=Fields(access_key_id=get("access-key-id"), access_key_secret=get("access-key-secret"),
                               security_token=get("security-token")))

    def answer(self, body, status=200, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def work(self):
        rid = self.headers.get("x-fc-request-id", "")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        name, kind = os.environ["CLAUSE"], "Invoke"
        if self.path == "/initialize":
            name, kind = os.environ["INITIALIZER"], "Initialize"
        elif self.path == "/pre-stop":
            name, kind = os.environ["PRE_STOP"], "PreStop"
        say("FC %s Start RequestId: %s" % (kind, rid))
        end = "FC %s End RequestId: %s" % (kind, rid)
        try:
            if kind == "Invoke" and name.startswith("http"):
                headers = self.page(getattr(clauses, name), body)
                say(end)
                self.answer(**headers)
                return
            result = encode(self.call(name, kind, body))
        except SystemExit as err:
            sys.stdout.flush()
            os._exit(err.code)
        except BaseException as err:
            say(traceback.format_exc().rstrip())
            say(end + ", Error: Unhandled function error")
            self.answer(document(err), 404, X_Fc_Status="404")
            return
        say(end)
        self.answer(result)

    do_GET = do_POST = do_PUT = work

    def call(self, name, kind, body):
        function = getattr(clauses, name)
        if kind != "Invoke":
            return function(self.context())
        return function(body, self.context())

    def page(self, application, body):
        import io
        from urllib.parse import unquote
        path, _, query = self.path.partition("?")
        answer = {}

        def start_response(status, fields):
            answer.update(status=int(status.split()[0]), **{k.replace("-", "_"): v for k, v in fields})

        answer["body"] = b"".join(application({
            "REQUEST_METHOD": self.command, "PATH_INFO": unquote(path), "QUERY_STRING": query,
            "HTTP_X_MINE": ",".join(self.headers.get_all("X-Mine") or []), "CONTENT_LENGTH": len(body),
            "CONTENT_TYPE": self.headers.get("Content-Type", ""), "wsgi.input": io.BytesIO(body)}, start_response))
        return answer


def say(line):
    try:
        sys.stdout.flush()
        os.write(1, (line + "\n").encode())
    except OSError:
        pass


def encode(value):
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    return (value if isinstance(value, str) else json.dumps(value)).encode()


def document(err):
    trace = [[f.filename, f.lineno, "in " + f.name] for f in traceback.extract_tb(err.__traceback__) if "server.py" not in f.filename]
    return json.dumps({"errorMessage": str(err), "errorType": type(err).__name__, "stackTrace": trace}).encode()


if __name__ == "__main__":
    ThreadingHTTPServer.request_queue_size = 128
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer(("0.0.0.0", int(os.environ["FC_SERVER_PORT"])), Handler).serve_forever()
