# Handlers of the conformance tests; each is named after what it shows.
import datetime
import decimal
import json
import logging
import os
import sys
import tempfile
import threading
import time

counter = 0
barrier = threading.Barrier(2)


def echo(event, context):
    return event


def event_type(event, context):
    return type(event).__name__


def text(event, context):
    return u"gr\u00fc\u00dfe \u4f60\u597d"


def nothing(event, context):
    pass


def empty(event, context):
    return b""


def raw(event, context):
    return bytes(bytearray(range(256)))


def array(event, context):
    return bytearray(b"abc")


def number(event, context):
    return 42


def document(event, context):
    class Point(object):
        def to_json(self):
            return {"x": 1}

    return {"b": decimal.Decimal("1.5"), "a": [datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 1, 2, 3)],
            "c": Point(), "d": None, "e": True}


def unserialisable(event, context):
    return {"x": object()}


def fail(event, context):
    raise ValueError("wrong: " + event.decode())


def fail_deep(event, context):
    def inner():
        raise KeyError("deep")
    inner()


def recursion(event, context):
    return recursion(event, context)


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no text")


def unprintable(event, context):
    raise Unprintable()


def interrupt(event, context):
    raise KeyboardInterrupt("by hand")


def context_fields(event, context):
    f = context.function
    s = context.service
    return {
        "request_id": context.request_id, "name": f.name, "handler": f.handler, "memory": f.memory,
        "timeout": f.timeout, "region": context.region, "account_id": context.account_id,
        "service": s.name, "qualifier": s.qualifier, "version": s.version_id, "project": s.log_project,
        "store": s.log_store, "key": context.credentials.access_key_id,
        "secret": context.credentials.access_key_secret, "token": context.credentials.security_token,
        "retries": context.retry_count, "baggages": context.tracing.span_baggages,
        "secret in repr": "SECRET" in repr(context.credentials)}


def environment(event, context):
    env = dict(os.environ)
    return {
        "reserved": sorted(k for k in env if k.startswith(("FC_", "_FC_"))),
        "mine": env.get("MINE"), "pythonpath": env.get("PYTHONPATH"),
        "key": env.get("ALIBABA_CLOUD_ACCESS_KEY_ID"), "tz": env.get("TZ"), "memory": env.get("FC_FUNCTION_MEMORY_SIZE"),
        "instance": env.get("FC_INSTANCE_ID", "")[:2]}


def search_path(event, context):
    code = os.environ["FC_FUNC_CODE_PATH"].rstrip("/")
    return {"first": sys.path[0] == code, "cwd": os.path.realpath(os.getcwd()) == os.path.realpath(code),
            "then": [p.rpartition("/opt")[2] if "site-packages" in p else p.rpartition("/")[2] for p in sys.path[1:3]],
            "no runtime": not any("fc/runtime" in p or p.endswith("python3/bootstrap") for p in sys.path)}


def add_one(context):
    global counter
    counter += 1
    print("initializing for", context.request_id)


def add_two(event, context):
    global counter
    counter += 2
    return counter


def fail_to_initialize(context):
    raise RuntimeError("no database")


def initialize_long(context):
    time.sleep(60)


def initialize_exit(context):
    os._exit(3)


def prints(event, context):
    print("to stdout")
    sys.stderr.write("to stderr\n")
    sys.stdout.write("no newline")
    return b""


def prints_unicode(event, context):
    print(u"\u4f60\u597d \U0001f600 \udc80")
    return b""


def prints_after_redirect(event, context):
    sys.stdout.close()
    return b"fine"


def logs(event, context):
    logging.getLogger().info("an info %d", 1)
    logging.debug("hidden")
    logging.getLogger("lib").warning("two\nlines")
    context.logger.error("by context")
    try:
        raise ValueError("inside")
    except ValueError:
        logging.exception("caught")
    return b""


def basic_config(event, context):
    logging.basicConfig(format="USER %(message)s")
    logging.info("still ours")
    return str(len(logging.getLogger().handlers))


def system_exit(event, context):
    print("leaving")
    sys.exit(7)


def system_exit_text(event, context):
    sys.exit("last words")


def hard_exit(event, context):
    sys.stdout.write("so far\n")
    os._exit(1)


def sleep(event, context):
    time.sleep(float(event or 60))
    return b"slept"


def until_told(event, context):
    """Works until there is a file go in its folder of temporary files."""
    if event == b"work":
        print("working")
        sys.stdout.flush()
        while not os.path.exists(os.path.join(tempfile.gettempdir(), "go")):
            time.sleep(0.01)
    return b"done"


def stubborn(event, context):
    import signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("ignoring")
    sys.stdout.flush()
    time.sleep(60)


def long_line(event, context):
    print("x" * 100000)
    return b""


def many_lines(event, context):
    for i in range(2000):
        print("line %d" % i)
    return b""


def flood(event, context):
    def run():
        while True:
            os.write(1, b"flood\n" * 1000)
    for _ in range(2):
        threading.Thread(target=run, daemon=True).start()
    time.sleep(0.2)
    return b"survived"


def big(event, context):
    return b"x" * int(event)


def together(event, context):
    # Comes to an end only if two are in here at once.
    barrier.wait(30)
    print("mark", context.request_id)
    logging.info("in a thread")
    return context.request_id


def thread_exit(event, context):
    sys.exit(5)


def background(event, context):
    out = []
    t = threading.Thread(target=lambda: out.append(context.request_id))
    t.start()
    t.join()
    return out[0]


def child(event, context):
    import subprocess
    return subprocess.check_output(["echo", "from a child"])


def wsgi(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("201 Created", [("Content-Type", "application/json"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    picked = {k: environ.get(k) for k in (
        "REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH", "HTTP_X_ONE", "HTTP_HOST",
        "REMOTE_ADDR", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "fc.request_uri", "MINE",
        "HTTP_X_FC_FUNCTION_HANDLER", "HTTP_X_FC_REGION", "wsgi.url_scheme")}
    picked["body"] = body.decode()
    picked["request_id"] = environ["fc.context"].request_id
    yield json.dumps(picked).encode()


def wsgi_bytes(environ, start_response):
    write = start_response("200 OK", [])
    write(b"first ")
    return b"second"


def wsgi_silent(environ, start_response):
    return [b"x"]


def wsgi_fails(environ, start_response):
    raise ValueError("in wsgi")
