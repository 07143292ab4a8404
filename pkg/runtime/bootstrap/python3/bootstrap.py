"""The language runtime for Python 3.6 and later.

It asks the Runtime API (FC_RUNTIME_API) for the next invocation, calls the
user's handler and posts the result, again and again. Whatever isn't needed for
that is imported when it is: a cold start is waiting time.
"""
import _signal
import _socket
import os
import sys

HERE = __file__
BASE = "/2020-11-11/runtime/"
KINDS = ("Invoke", "Initialize", "PreStop", "PreFreeze")
# What user code may see of FC_*; the rest is between platform and runtime.
SAFE = frozenset((
    "FC_FUNC_CODE_PATH", "FC_FUNCTION_MEMORY_SIZE", "FC_RUNTIME_VERSION", "FC_ACCOUNT_ID",
    "FC_FUNCTION_HANDLER", "FC_FUNCTION_NAME", "FC_SERVICE_NAME", "FC_VER_ID", "FC_FUNCTION_VERSION",
    "FC_QUALIFIER", "FC_REGION", "FC_INSTANCE_ID"))
MAX_FRAMES = 32  # of a stackTrace at its beginning and at its end


class Client:
    """A kept connection to the Runtime API."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.sock = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        self.sock.connect((host, int(port)))
        self.sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        self.common = "Host: %s\r\nUser-Agent: s-python3/1\r\n" % address
        self.ask = ("GET %sinvocation/next HTTP/1.1\r\n%s\r\n" % (BASE, self.common)).encode()
        self.buf = b""
        self.lines = {}

    def send(self, data):
        sent = self.sock.send(data)
        if sent < len(data):
            view = memoryview(data)
            while sent < len(data):
                sent += self.sock.send(view[sent:])

    def post(self, path, body, params, ask):
        """Send a result, and in the same write ask for the next invocation."""
        head = "POST %s%s HTTP/1.1\r\n%sContent-Type: application/octet-stream\r\n%sContent-Length: %d\r\n\r\n" % (
            BASE, path, self.common, params and "x-fc-http-params: %s\r\n" % params, len(body))
        tail = self.ask if ask else b""
        if len(body) < 65536:
            self.send(b"%b%b%b" % (head.encode(), body, tail))
        else:
            self.send(head.encode())
            self.send(body)
            if tail:
                self.send(tail)

    def fill(self):
        data = self.sock.recv(65536)
        if not data:
            raise EOFError("the Runtime API closed the connection")
        self.buf = self.buf + data if self.buf else data

    def read(self):
        """Read one answer: status, headers with lower-case names, body."""
        end = self.buf.find(b"\r\n\r\n")
        while end < 0:
            if len(self.buf) > 1 << 20:
                raise ValueError("answer of the Runtime API has no end of headers")
            self.fill()
            end = self.buf.find(b"\r\n\r\n")
        lines = self.buf[:end].split(b"\r\n")
        rest = self.buf[end + 4:]
        status = int(lines[0].split(None, 2)[1])
        headers = {}
        known = self.lines
        for line in lines[1:]:
            pair = known.get(line)
            if pair is None:
                name, _, value = line.partition(b":")
                pair = name.decode("latin-1").lower(), value.strip().decode("utf-8", "replace")
                if len(known) < 64 and len(line) < 2048:
                    known[line] = pair  # most lines are the same every time
            headers[pair[0]] = pair[1]
        length = int(headers["content-length"])
        if len(rest) >= length:
            self.buf = rest[length:]
            return status, headers, rest[:length]
        self.buf = b""
        parts = [rest] if rest else []
        missing = length - len(rest)
        while missing:
            data = self.sock.recv(missing, _socket.MSG_WAITALL)
            if not data:
                raise EOFError("the Runtime API closed the connection")
            parts.append(data)
            missing -= len(data)
        return status, headers, parts[0] if len(parts) == 1 else b"".join(parts)


class Fields:
    """Named values, as context.function and others are."""

    def __init__(self, **values):
        self.__dict__.update(values)

    def __repr__(self):
        return "%s(%s)" % (type(self).__name__, ", ".join("%s=%r" % i for i in sorted(self.__dict__.items())))

    def to_json(self):
        return dict(self.__dict__)


class Tracing(Fields):
    @property
    def span_baggages(self):
        if not self.encoded:
            return {}
        import base64
        import json
        return json.loads(base64.b64decode(self.encoded).decode("utf-8"))

    def to_json(self):
        return {"span_context": self.span_context, "span_baggages": self.span_baggages,
                "jaeger_endpoint": self.jaeger_endpoint}


class FCContext(Fields):
    """What a handler is told about its invocation."""

    def __init__(self, get):
        self.request_id = get("x-fc-request-id", "")
        self.credentials = Credentials(
            access_key_id=get("x-fc-access-key-id", ""), access_key_secret=get("x-fc-access-key-secret", ""),
            security_token=get("x-fc-security-token", ""))
        qualifier, version = get("x-fc-qualifier", ""), get("x-fc-version-id", "")
        self.function = Fields(
            name=get("x-fc-function-name", ""), handler=get("x-fc-function-handler", ""),
            memory=int(get("x-fc-function-memory") or 0), timeout=get("x-fc-function-timeout", ""),
            version_id=version, qualifier=qualifier)
        self.log_project = get("x-fc-service-logproject", "")
        self.log_store = get("x-fc-service-logstore", "")
        self.service = Fields(
            name=get("x-fc-service-name", ""), log_project=self.log_project, log_store=self.log_store,
            qualifier=qualifier, version_id=version)
        self.region = get("x-fc-region", "")
        self.account_id = get("x-fc-account-id", "")
        self.retry_count = int(get("x-fc-retry-count") or 0)
        self.tracing = Tracing(
            span_context=get("x-fc-tracing-opentracing-span-context", ""),
            encoded=get("x-fc-tracing-opentracing-span-baggages", ""),
            jaeger_endpoint=get("x-fc-tracing-jaeger-endpoint", ""))

    @property
    def logger(self):
        import logging
        return logging.getLogger()


class Credentials(Fields):
    def __repr__(self):
        return "Credentials(...)"  # secrets don't belong into logs


class LoadError(Exception):
    """The handler can't be loaded."""

    def __init__(self, kind, message):
        Exception.__init__(self, message)
        self.kind = kind


class Output:
    """The log of the function: everything goes to descriptor 1 in whole lines."""

    def __init__(self):
        self.requests = {}  # thread -> request id, when there are several at once
        self.current = ""
        self.ident = None
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if stream is None:
                continue
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
            else:
                import io
                setattr(sys, name, io.TextIOWrapper(
                    stream.detach(), encoding="utf-8", errors="backslashreplace", line_buffering=True))
        sys.meta_path.insert(0, LoggingHook(self))

    def request_id(self):
        if self.ident is None:
            return self.current
        return self.requests.get(self.ident(), "")

    def begin(self, rid):
        self.current = rid
        if self.ident is not None:
            self.requests[self.ident()] = rid

    def end(self):
        self.current = ""
        if self.ident is not None:
            self.requests.pop(self.ident(), None)

    def line(self, text):
        """Write a line, after what the user's code has printed so far."""
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:  # closed, or replaced by something of the user's
                pass
        data = (text + "\n").encode("utf-8", "backslashreplace")
        try:
            while data:
                data = data[os.write(1, data):]
        except OSError:
            pass  # the function closed its output

    def stamp(self, level, created=None):
        import time
        if created is None:
            created = time.time()
        now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(created))
        return "%s.%03dZ %s [%s] " % (now, int(created % 1 * 1000), self.request_id(), level)


class LoggingHook:
    """Sets up the root logger at the moment that logging is first imported."""

    def __init__(self, output):
        self.output = output
        self.level = os.environ.get("FC_SERVER_LOG_LEVEL", "")

    def find_spec(self, name, path=None, target=None):
        if name != "logging":
            return None
        sys.meta_path.remove(self)
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                break
        else:
            return None
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            self.install(module)

        spec.loader.exec_module = exec_module
        return spec

    def install(self, logging):
        if not hasattr(logging, "Handler"):
            return  # a module of the user's has the name
        output = self.output

        class FCHandler(logging.Handler):
            def emit(self, record):
                try:
                    output.line(output.stamp(record.levelname, record.created) + self.format(record))
                except Exception:
                    self.handleError(record)

        root = logging.getLogger()
        root.handlers[:] = [FCHandler()]
        level = logging.getLevelName(self.level.upper() or "INFO")
        root.setLevel(level if isinstance(level, int) else logging.INFO)


class Runtime:
    """Loads handlers, calls them and words what they gave."""

    def __init__(self, code, output):
        self.code = code
        self.output = output
        self.handlers = {}
        self.guard = None  # a lock, when there are threads
        self.busy = 0

    def load(self, handler):
        if self.guard is None:
            return self.resolve(handler)
        with self.guard:
            return self.handlers.get(handler) or self.resolve(handler)

    def resolve(self, handler):
        """Import the module of a handler "dir/package.module.function"."""
        where, _, function = handler.rpartition(".")
        folder, _, module = where.rpartition("/")
        if not module or not function or "/" in function:
            raise LoadError("InvalidHandleName", "Invalid handler '%s'" % handler)
        folder = self.code + "/" + folder.strip("/") if folder else self.code
        if folder not in sys.path:
            sys.path.insert(0, folder)
        try:
            __import__(module)
        except SyntaxError as err:
            raise LoadError("UserCodeSyntaxError", "Syntax error in module '%s'" % where) from err
        except ImportError as err:
            raise LoadError("ImportModuleError", "Unable to import module '%s'" % where) from err
        except Exception as err:
            raise LoadError("UserCodeError", "Module initialization error: '%s'" % text_of(err)) from err
        found = getattr(sys.modules[module], function, None)
        if found is None:
            raise LoadError("HandlerNotFound", "Handler '%s' is missing on module '%s'" % (function, where))
        self.handlers[handler] = found
        return found

    def run(self, headers, event):
        """Run one invocation: (path to post to, body, value of x-fc-http-params)."""
        get = headers.get
        rid = get("x-fc-request-id", "")
        kind = get("x-fc-function-type", "0")
        kind = int(kind) if kind in ("1", "2", "3") else 0
        output = self.output
        output.begin(rid)
        self.busy += 1
        output.line("FC %s Start RequestId: %s" % (KINDS[kind], rid))
        outcome = ", Error: Unhandled function error"
        try:
            params = ""
            try:
                handler = get("x-fc-function-handler", "")
                function = self.handlers.get(handler) or self.load(handler)
                context = FCContext(get)
                if kind:
                    function(context)
                    body = b""
                elif get("x-fc-http-params"):
                    body, params = wsgi(function, headers, event, context, self.guard is not None)
                else:
                    body = encode(function(event, context))
                outcome = ""
                return "invocation/%s/response" % rid, body, params
            except SystemExit:
                raise  # the function wants its process to end
            except BaseException as err:
                body = self.failure(err)
            return "invocation/%s/error" % rid, body, ""
        finally:
            output.line("FC %s End RequestId: %s%s" % (KINDS[kind], rid, outcome))
            output.end()
            self.busy -= 1

    def failure(self, err):
        """Log an error as Python would show it and word it for the caller."""
        kind, cause = type(err).__name__, err
        if isinstance(err, LoadError):
            kind, cause = err.kind, err.__cause__
        frames, shown = [], ""
        if cause is not None:
            import traceback
            trace = trim(cause.__traceback__)
            frames = stack(traceback.extract_tb(trace), cause)
            try:
                shown = "".join(traceback.format_exception(type(cause), cause, trace)).rstrip("\n")
            except Exception:
                shown = "%s: %s" % (type(cause).__name__, text_of(cause))
        message = text_of(err)
        if isinstance(err, LoadError):
            shown = "%s: %s\n%s" % (kind, message, shown) if shown else "%s: %s" % (kind, message)
        self.output.line(self.output.stamp("ERROR") + shown)
        return error_document(kind, message, frames)


def text_of(err):
    try:
        return str(err)
    except Exception:
        return "<unprintable %s object>" % type(err).__name__


def trim(trace):
    """Drop the frames before the user's: of this file, the import system, json."""
    encoding = False
    while trace is not None:
        code = trace.tb_frame.f_code
        name = code.co_filename
        encoding = encoding or (name == HERE and code.co_name == "encode")
        if not (name == HERE or name.startswith("<frozen importlib") or (encoding and "/json/" in name)):
            break
        trace = trace.tb_next
    return trace


def stack(frames, err):
    rows = [['File "%s"' % f[0], "line %s" % f[1], "in %s" % f[2], f[3] or ""]
            for f in frames if f[0] != HERE and not f[0].startswith("<frozen importlib")]
    if isinstance(err, SyntaxError) and err.filename:
        rows.append(['File "%s"' % err.filename, "line %s" % err.lineno, (err.text or "").strip(), str(err.msg)])
    if len(rows) > 2 * MAX_FRAMES:
        rows[MAX_FRAMES:-MAX_FRAMES] = [["... %d frames ..." % (len(rows) - 2 * MAX_FRAMES)]]
    return rows


def error_document(kind, message, frames=()):
    import json
    document = {"errorMessage": message, "errorType": kind}
    if frames:
        document["stackTrace"] = frames
    return json.dumps(document, indent=4, sort_keys=True).encode("utf-8")


def encode(value):
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8")
    if value is None:
        return b"null"
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    import json
    return json.dumps(value, indent=4, sort_keys=True, default=convert).encode("utf-8")


def convert(value):
    """What json doesn't know."""
    modules = sys.modules
    if "decimal" in modules and isinstance(value, modules["decimal"].Decimal):
        return float(value)
    if "datetime" in modules and isinstance(value, modules["datetime"].date):
        return value.isoformat()
    if hasattr(value, "to_json"):
        return value.to_json()
    raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)


def wsgi(application, headers, event, context, threads):
    """Call a WSGI application with the request of an HTTP trigger."""
    import base64
    import io
    import json
    params = json.loads(base64.b64decode(headers["x-fc-http-params"]).decode("utf-8"))
    uri = params.get("requestURI") or params.get("path") or "/"
    environ = dict(os.environ)
    environ.update({
        "REQUEST_METHOD": params.get("method") or "GET", "SCRIPT_NAME": "",
        "PATH_INFO": (params.get("path") or "/").encode("utf-8").decode("latin-1"),
        "QUERY_STRING": uri.partition("?")[2], "SERVER_NAME": "FCRUNTIME", "SERVER_PORT": "9000",
        "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": params.get("clientIP") or "",
        "CONTENT_TYPE": "application/octet-stream", "CONTENT_LENGTH": str(len(event)),
        "HTTP_X_FC_FUNCTION_HANDLER": context.function.handler,
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(event),
        "wsgi.errors": sys.stderr, "wsgi.multithread": threads, "wsgi.multiprocess": False,
        "wsgi.run_once": False, "fc.context": context, "fc.request_uri": uri})
    if params.get("host"):
        environ["HTTP_HOST"] = params["host"]
    for name, values in (params.get("headersMap") or {}).items():
        key = name.upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = ",".join(values)
        elif key != "CONTENT_LENGTH":
            environ["HTTP_" + key] = ",".join(values)
    answer, parts = {}, []

    def start_response(status, fields, exc_info=None):
        if answer and exc_info is None:
            raise AssertionError("start_response was called twice")
        answer["status"] = int(str(status).split(None, 1)[0])
        answer["headersMap"] = collected = {}
        for name, value in fields:
            collected.setdefault(name, []).append(value)
        return parts.append

    result = application(environ, start_response)
    try:
        if isinstance(result, (bytes, str)):
            parts.append(result)
        else:
            parts.extend(result or ())
    finally:
        if hasattr(result, "close"):
            result.close()
    if not answer:
        raise AssertionError("start_response was not called")
    body = b"".join(p.encode("utf-8") if isinstance(p, str) else p for p in parts)
    return body, base64.b64encode(json.dumps(answer).encode("utf-8")).decode("ascii")


def on_terminate(runtime):
    """The platform ends a function that takes too long with SIGTERM."""
    process = os.getpid()

    def dump(number, frame):
        try:
            if runtime.busy and os.getpid() == process:
                runtime.output.line("Dumping stack trace after function timeout")
                for ident, top in sys._current_frames().items():
                    runtime.output.line("Thread %d (most recent call last):" % ident)
                    runtime.output.line("\n".join(shown(frame if frame and ident == top_ident() else top)))
        finally:
            os._exit(143)

    def top_ident():
        import _thread
        return _thread.get_ident()

    _signal.signal(_signal.SIGTERM, dump)


def shown(frame):
    """The lines of a stack, without the frames of this file."""
    lines = []
    while frame is not None:
        name = frame.f_code.co_filename
        if name != HERE:
            source = ""
            try:
                with open(name, "rb") as text:
                    for number, line in enumerate(text, 1):
                        if number == frame.f_lineno:
                            source = "\n    " + line.decode("utf-8", "replace").strip()
                            break
            except OSError:
                pass
            lines.insert(0, '  File "%s", line %s, in %s%s' % (name, frame.f_lineno, frame.f_code.co_name, source))
        frame = frame.f_back
    return lines or ["  (in the runtime)"]


def serve(client, runtime):
    """One invocation after the other."""
    client.send(client.ask)
    while True:
        status, headers, event = client.read()
        if status != 200:
            raise ValueError("the Runtime API answered %d to next" % status)
        path, body, params = runtime.run(headers, event)
        headers = event = None  # a large event is not kept while waiting
        client.post(path, body, params, True)
        status, _, text = client.read()
        if status != 200:
            runtime.output.line("the platform refused the result: " + text.decode("utf-8", "replace"))


def serve_threads(client, runtime, address):
    """Several invocations at once, a thread for each."""
    import threading
    runtime.guard = threading.Lock()
    runtime.output.ident = threading.get_ident
    idle = []  # connections for results

    def work(headers, event):
        try:
            path, body, params = runtime.run(headers, event)
            poster = idle.pop() if idle else Client(address)
            poster.post(path, body, params, False)
            status, _, text = poster.read()
            idle.append(poster)
            if status != 200:
                runtime.output.line("the platform refused the result: " + text.decode("utf-8", "replace"))
        except SystemExit as err:
            leave(err)
        except (OSError, EOFError):
            os._exit(1)

    while True:
        client.send(client.ask)
        status, headers, event = client.read()
        if status != 200:
            raise ValueError("the Runtime API answered %d to next" % status)
        threading.Thread(target=work, args=(headers, event), daemon=True).start()


def leave(err):
    """End the process as sys.exit does in the main thread."""
    code = err.code
    if code is not None and not isinstance(code, int):
        sys.stderr.write("%s\n" % (code,))
        code = 1
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    os._exit((code or 0) & 0xFF)


def prepare():
    """Settle environment and sys.path; returns the folder of the code."""
    for name in list(os.environ):
        if (name.startswith("FC_") and name not in SAFE) or name.startswith("_FC_"):
            del os.environ[name]
    code = os.environ.get("FC_FUNC_CODE_PATH", "/code/").rstrip("/") or "/"
    return code


def wait(client, secret):
    """A spare waits for its function, whose environment becomes its own."""
    client.send(("GET %sfunction/%s HTTP/1.1\r\n%s\r\n" % (BASE, secret, client.common)).encode())
    status, _, pairs = client.read()
    if status != 200:
        raise EOFError("the Runtime API has no function for this spare")
    os.environ.clear()
    for pair in pairs.split(b"\0"):
        name, _, value = pair.partition(b"=")
        os.environb[name] = value
    os.chdir(os.environ["FC_FUNC_CODE_PATH"])  # what is mounted there now


def paths(code, layers):
    own = os.path.dirname(HERE)
    rest = [p for p in sys.path if p not in (own, code)]
    sys.path[:] = [code, "%s/python/lib/python%d.%d/site-packages" % ((layers,) + sys.version_info[:2]),
                   layers + "/python"] + rest


def main():
    env = os.environ.get
    address, spare = env("FC_RUNTIME_API", "127.0.0.1:19001"), env("_FC_SPARE")
    client = Client(address)
    if spare:
        try:
            wait(client, spare)
        except (EOFError, ConnectionError):
            sys.exit(1)  # no function came
    limit, layers = env("FC_CONCURRENT_LIMIT"), env("_FC_LAYER_PATH")
    try:
        output = Output()
        code = prepare()
        paths(code, layers or "/opt")
        runtime = Runtime(code, output)
        on_terminate(runtime)
        output.line("FunctionCompute python3 runtime inited.")
    except Exception as err:
        client.post("init/error", error_document(type(err).__name__, text_of(err)), "", False)
        client.read()
        return
    try:
        if limit and limit.isdigit() and int(limit) > 1:
            serve_threads(client, runtime, address)
        else:
            serve(client, runtime)
    except (EOFError, ConnectionError):
        sys.exit(1)  # the platform has gone


if __name__ == "__main__":
    main()
