"""The language runtime for Python 2.7.

It asks the Runtime API (FC_RUNTIME_API) for the next invocation, calls the
user's handler and posts the result, again and again, one after the other.
"""
import _socket
import errno
import logging
import os
import signal
import sys
import time

HERE = __file__
BASE = "/2020-11-11/runtime/"
KINDS = ("Invoke", "Initialize", "PreStop", "PreFreeze")
# What user code may see of FC_*; the rest is between platform and runtime.
SAFE = frozenset(("FC_FUNC_CODE_PATH", "FC_FUNCTION_MEMORY_SIZE", "FC_RUNTIME_VERSION"))
MAX_FRAMES = 32  # of a stackTrace at its beginning and at its end


class Client(object):
    """A kept connection to the Runtime API."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.sock = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        self.sock.connect((host, int(port)))
        self.sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        self.common = "Host: %s\r\nUser-Agent: s-python2.7/1\r\n" % address
        self.ask = "GET %sinvocation/next HTTP/1.1\r\n%s\r\n" % (BASE, self.common)
        self.buf = ""

    def send(self, data):
        view = memoryview(data)
        while len(view):
            try:
                view = view[self.sock.send(view):]
            except _socket.error as err:
                if err.args[0] != errno.EINTR:
                    raise

    def receive(self, size):
        while True:
            try:
                data = self.sock.recv(size)
            except _socket.error as err:
                if err.args[0] == errno.EINTR:
                    continue  # a signal that the function handles
                raise
            if not data:
                raise EOFError("the Runtime API closed the connection")
            return data

    def post(self, path, body, params, ask):
        """Send a result, and in the same write ask for the next invocation."""
        head = "POST %s%s HTTP/1.1\r\n%sContent-Type: application/octet-stream\r\n%sContent-Length: %d\r\n\r\n" % (
            BASE, path, self.common, params and "x-fc-http-params: %s\r\n" % params, len(body))
        tail = self.ask if ask else ""
        if len(body) < 65536:
            self.send("".join((head, body, tail)))
        else:
            self.send(head)
            self.send(body)
            self.send(tail)

    def read(self):
        """Read one answer: status, headers with lower-case names, body."""
        end = self.buf.find("\r\n\r\n")
        while end < 0:
            if len(self.buf) > 1 << 20:
                raise ValueError("answer of the Runtime API has no end of headers")
            self.buf += self.receive(65536)
            end = self.buf.find("\r\n\r\n")
        lines = self.buf[:end].split("\r\n")
        rest, self.buf = self.buf[end + 4:], ""
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        missing = int(headers["content-length"]) - len(rest)
        if missing < 0:
            rest, self.buf = rest[:missing], rest[missing:]
        elif missing:
            parts = [rest]
            while missing > 0:
                parts.append(self.receive(min(missing, 1 << 20)))
                missing -= len(parts[-1])
            rest = "".join(parts)
        return int(lines[0].split(None, 2)[1]), headers, rest


class Fields(object):
    """Named values, as context.function and others are."""

    def __init__(self, **values):
        self.__dict__.update(values)

    def __repr__(self):
        return "%s(%s)" % (type(self).__name__, ", ".join("%s=%r" % i for i in sorted(self.__dict__.items())))

    def to_json(self):
        return dict(self.__dict__)


class Credentials(Fields):
    def __repr__(self):
        return "Credentials(...)"  # secrets don't belong into logs


class Tracing(Fields):
    @property
    def span_baggages(self):
        if not self.encoded:
            return {}
        import base64
        import json
        return json.loads(base64.b64decode(self.encoded))

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
        self.function = Fields(
            name=get("x-fc-function-name", ""), handler=get("x-fc-function-handler", ""),
            memory=int(get("x-fc-function-memory") or 0), timeout=get("x-fc-function-timeout", ""))
        self.service = Fields(
            name=get("x-fc-service-name", ""), log_project=get("x-fc-service-logproject", ""),
            log_store=get("x-fc-service-logstore", ""), qualifier=get("x-fc-qualifier", ""),
            version_id=get("x-fc-version-id", ""))
        self.region = get("x-fc-region", "")
        self.account_id = get("x-fc-account-id", "")
        self.retry_count = int(get("x-fc-retry-count") or 0)
        self.tracing = Tracing(
            span_context=get("x-fc-tracing-opentracing-span-context", ""),
            encoded=get("x-fc-tracing-opentracing-span-baggages", ""),
            jaeger_endpoint=get("x-fc-tracing-jaeger-endpoint", ""))

    @property
    def logger(self):
        return logging.getLogger()


class LoadError(Exception):
    """The handler can't be loaded; made while the cause is handled, if there is one."""

    def __init__(self, kind, message, cause=(None, None, None)):
        Exception.__init__(self, message)
        self.kind = kind
        self.cause = cause


class Output(logging.Handler):
    """The log of the function, in whole lines on descriptor 1."""

    def __init__(self):
        logging.Handler.__init__(self)
        self.current = ""
        root = logging.getLogger()
        root.handlers[:] = [self]
        level = logging.getLevelName(os.environ.get("FC_SERVER_LOG_LEVEL", "").upper() or "INFO")
        root.setLevel(level if isinstance(level, int) else logging.INFO)

    def emit(self, record):
        try:
            self.line(self.stamp(record.levelname, record.created) + text(self.format(record)))
        except Exception:
            self.handleError(record)

    def line(self, words):
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:  # closed, or replaced by something of the user's
                pass
        data = (text(words) + u"\n").encode("utf-8")
        while data:
            try:
                data = data[os.write(1, data):]
            except OSError as err:
                if err.errno != errno.EINTR:
                    return  # the function closed its output

    def stamp(self, level, created=None):
        if created is None:
            created = time.time()
        now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(created))
        return u"%s.%03dZ %s [%s] " % (now, int(created % 1 * 1000), self.current, level)


def text(value):
    """A str or unicode as unicode."""
    return value if isinstance(value, unicode) else value.decode("utf-8", "replace")


def text_of(err):
    """What an exception says, whatever its text is made of."""
    for read in (str, unicode):
        try:
            return text(read(err))
        except Exception:
            pass
    return u"<unprintable %s object>" % type(err).__name__


class Runtime(object):
    """Loads handlers, calls them and words what they gave."""

    def __init__(self, code, output):
        self.code = code
        self.output = output
        self.handlers = {}
        self.busy = False

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
        except SyntaxError:
            raise LoadError("UserCodeSyntaxError", "Syntax error in module '%s'" % where, sys.exc_info())
        except ImportError:
            raise LoadError("ImportModuleError", "Unable to import module '%s'" % where, sys.exc_info())
        except Exception as err:
            message = u"Module initialization error: '%s'" % text_of(err)
            raise LoadError("UserCodeError", message.encode("utf-8"), sys.exc_info())
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
        output.current, self.busy = rid, True
        output.line("FC %s Start RequestId: %s" % (KINDS[kind], rid))
        outcome = ", Error: Unhandled function error"
        try:
            try:
                params = ""
                handler = get("x-fc-function-handler", "")
                function = self.handlers.get(handler) or self.resolve(handler)
                context = FCContext(get)
                if kind:
                    function(context)
                    body = ""
                elif get("x-fc-http-params"):
                    body, params = wsgi(function, headers, event, context)
                else:
                    body = encode(function(event, context))
                outcome = ""
                return "invocation/%s/response" % rid, body, params
            except SystemExit:
                raise  # the function wants its process to end
            except:  # classes of the old style can be raised, too
                return "invocation/%s/error" % rid, self.failure(*sys.exc_info()), ""
        finally:
            output.line("FC %s End RequestId: %s%s" % (KINDS[kind], rid, outcome))
            output.current, self.busy = "", False

    def failure(self, kind, err, trace):
        """Log an error as Python would show it and word it for the caller."""
        import traceback
        name, message = getattr(kind, "__name__", str(kind)), text_of(err)
        lines = []
        if isinstance(err, LoadError):
            name, (kind, err, trace) = err.kind, err.cause
            lines = [u"%s: %s" % (name, message)]
        frames = []
        if err is not None:
            trace = trim(trace)
            frames = stack(traceback.extract_tb(trace), err)
            try:
                lines.append(text("".join(traceback.format_exception(kind, err, trace))).rstrip(u"\n"))
            except Exception:
                lines.append(u"%s: %s" % (name, message))
        self.output.line(self.output.stamp("ERROR") + u"\n".join(lines))
        return error_document(name, message, frames)


def trim(trace):
    """Drop the frames before the user's: of this file, and json's."""
    encoding = False
    while trace is not None:
        code = trace.tb_frame.f_code
        encoding = encoding or (code.co_filename == HERE and code.co_name == "encode")
        if not (code.co_filename == HERE or (encoding and "/json/" in code.co_filename)):
            break
        trace = trace.tb_next
    return trace


def stack(frames, err):
    rows = [[u'File "%s"' % text(f[0]), u"line %s" % f[1], u"in %s" % f[2], text(f[3] or "")]
            for f in frames if f[0] != HERE]
    if isinstance(err, SyntaxError) and err.filename:
        rows.append([u'File "%s"' % text(err.filename), u"line %s" % err.lineno, text(err.text or "").strip(), text(str(err.msg))])
    if len(rows) > 2 * MAX_FRAMES:
        rows[MAX_FRAMES:-MAX_FRAMES] = [["... %d frames ..." % (len(rows) - 2 * MAX_FRAMES)]]
    return rows


def error_document(kind, message, frames=()):
    import json
    document = {"errorMessage": message, "errorType": kind}
    if frames:
        document["stackTrace"] = frames
    return json.dumps(document, indent=4, sort_keys=True)


def encode(value):
    if isinstance(value, str):
        return value
    if isinstance(value, unicode):
        return value.encode("utf-8")
    if value is None:
        return "null"
    if isinstance(value, (bytearray, buffer)):
        return str(value)
    if isinstance(value, memoryview):
        return value.tobytes()
    import json
    return json.dumps(value, indent=4, sort_keys=True, default=convert)


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


def native(value):
    return value.encode("utf-8") if isinstance(value, unicode) else value


def wsgi(application, headers, event, context):
    """Call a WSGI application with the request of an HTTP trigger."""
    import base64
    import io
    import json
    params = json.loads(base64.b64decode(headers["x-fc-http-params"]))
    uri = native(params.get("requestURI") or params.get("path") or "/")
    environ = dict(os.environ)
    environ.update({
        "REQUEST_METHOD": native(params.get("method") or "GET"), "SCRIPT_NAME": "",
        "PATH_INFO": native(params.get("path") or "/"),
        "QUERY_STRING": uri.partition("?")[2], "SERVER_NAME": "FCRUNTIME", "SERVER_PORT": "9000",
        "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": native(params.get("clientIP") or ""),
        "CONTENT_TYPE": "application/octet-stream", "CONTENT_LENGTH": str(len(event)),
        "HTTP_X_FC_FUNCTION_HANDLER": context.function.handler,
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(event),
        "wsgi.errors": sys.stderr, "wsgi.multithread": False, "wsgi.multiprocess": False,
        "wsgi.run_once": False, "fc.context": context, "fc.request_uri": uri})
    if params.get("host"):
        environ["HTTP_HOST"] = native(params["host"])
    for name, values in (params.get("headersMap") or {}).items():
        key = native(name).upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = native(u",".join(values))
        elif key != "CONTENT_LENGTH":
            environ["HTTP_" + key] = native(u",".join(values))
    answer, parts = {}, []

    def start_response(status, fields, exc_info=None):
        if answer and exc_info is None:
            raise AssertionError("start_response was called twice")
        answer["status"] = int(str(status).split(None, 1)[0])
        answer["headersMap"] = collected = {}
        for name, value in fields:
            collected.setdefault(name, []).append(text(value))
        return parts.append

    result = application(environ, start_response)
    try:
        if isinstance(result, basestring):
            parts.append(result)
        else:
            parts.extend(result or ())
    finally:
        if hasattr(result, "close"):
            result.close()
    if not answer:
        raise AssertionError("start_response was not called")
    return "".join(native(p) for p in parts), base64.b64encode(json.dumps(answer))


def on_terminate(runtime):
    """The platform ends a function that takes too long with SIGTERM."""
    process = os.getpid()

    def dump(number, frame):
        try:
            if runtime.busy and os.getpid() == process:
                runtime.output.line("Dumping stack trace after function timeout")
                import thread
                for ident, top in sys._current_frames().items():
                    runtime.output.line("Thread %d (most recent call last):" % ident)
                    runtime.output.line("\n".join(shown(frame if frame and ident == thread.get_ident() else top)))
        finally:
            os._exit(143)

    signal.signal(signal.SIGTERM, dump)


def shown(frame):
    """The lines of a stack, without the frames of this file."""
    import linecache
    lines = []
    while frame is not None:
        name = frame.f_code.co_filename
        if name != HERE:
            source = linecache.getline(name, frame.f_lineno).strip()
            lines.insert(0, '  File "%s", line %s, in %s%s' % (
                name, frame.f_lineno, frame.f_code.co_name, source and "\n    " + source))
        frame = frame.f_back
    return lines or ["  (in the runtime)"]


def serve(client, runtime):
    client.send(client.ask)
    while True:
        status, headers, event = client.read()
        if status != 200:
            raise ValueError("the Runtime API answered %d to next" % status)
        path, body, params = runtime.run(headers, event)
        headers = event = None  # a large event is not kept while waiting
        sys.exc_clear()  # nor what the frames of an error hold
        client.post(path, body, params, True)
        status, _, words = client.read()
        if status != 200:
            runtime.output.line("the platform refused the result: " + words)


def prepare():
    """Settle environment and sys.path; returns the folder of the code."""
    layers = os.environ.get("_FC_LAYER_PATH") or "/opt"
    for name in list(os.environ):
        if (name.startswith("FC_") and name not in SAFE) or name.startswith("_FC_"):
            del os.environ[name]
    code = os.environ.get("FC_FUNC_CODE_PATH", "/code/").rstrip("/") or "/"
    own = os.path.dirname(HERE)
    rest = [p for p in sys.path if p not in (own, code)]
    sys.path[:] = [code, layers + "/python/lib/python2.7/site-packages", layers + "/python"] + rest
    return code


def main():
    client = Client(os.environ.get("FC_RUNTIME_API", "127.0.0.1:19001"))
    try:
        output = Output()
        runtime = Runtime(prepare(), output)
        on_terminate(runtime)
        output.line("FunctionCompute python2.7 runtime inited.")
    except Exception as err:
        client.post("init/error", error_document(type(err).__name__, text_of(err)), "", False)
        client.read()
        return
    try:
        serve(client, runtime)
    except (EOFError, _socket.error):
        sys.exit(1)  # the platform has gone


if __name__ == "__main__":
    main()
