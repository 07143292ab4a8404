# -*- coding: utf-8 -*-
# Handlers of the conformance tests for Python 2.7, whose text is bytes.
import datetime
import decimal
import json
import logging
import os
import signal
import sys
import threading
import time

counter = 0


def echo(event, context):
    return event


def event_type(event, context):
    return type(event).__name__


def text(event, context):
    return u"gr\u00fc\u00dfe \u4f60\u597d"


def native_text(event, context):
    return "grüße 你好"


def nothing(event, context):
    pass


def raw(event, context):
    return "".join(map(chr, range(256)))


def array(event, context):
    return bytearray("abc")


def view(event, context):
    return memoryview("abc")


def number(event, context):
    return 42L


class Point(object):
    def to_json(self):
        return {"x": 1}


def document(event, context):
    return {"b": decimal.Decimal("1.5"), "a": [datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 1, 2, 3)],
            "c": Point(), "d": None, "e": True, "f": u"你"}


def unserialisable(event, context):
    return {"x": object()}


def not_text(event, context):
    return {"x": "\xff"}


def fail(event, context):
    raise ValueError("wrong: " + event)


def fail_unicode(event, context):
    raise ValueError(u"wrong: \u4f60")


def fail_deep(event, context):
    def inner():
        raise KeyError("deep")
    inner()


class OldStyle:
    def __str__(self):
        return "of the old style"


def old_style(event, context):
    raise OldStyle()


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no text")

    __unicode__ = __str__


def unprintable(event, context):
    raise Unprintable()


def interrupt(event, context):
    raise KeyboardInterrupt("by hand")


def recursion(event, context):
    return recursion(event, context)


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
        "secret in repr": "SECRET" in repr(context)}


def environment(event, context):
    env = os.environ
    code = env["FC_FUNC_CODE_PATH"].rstrip("/")
    return {
        "reserved": sorted(k for k in env if k.startswith(("FC_", "_FC_"))),
        "mine": env.get("MINE"), "key": env.get("ALIBABA_CLOUD_ACCESS_KEY_ID"), "version": list(sys.version_info[:2]),
        "first": sys.path[0] == code, "cwd": os.path.realpath(os.getcwd()) == os.path.realpath(code),
        "then": [p.rpartition("/opt")[2] if "site-packages" in p else p.rpartition("/")[2] for p in sys.path[1:3]],
        "no runtime": not any("fc/runtime" in p or p.endswith("python2.7/bootstrap") for p in sys.path)}


def add_one(context):
    global counter
    counter += 1
    print "initializing for", context.request_id


def add_two(event, context):
    global counter
    counter += 2
    return counter


def fail_to_initialize(context):
    raise RuntimeError("no database")


def prints(event, context):
    print "to stdout", u"\u4f60\u597d"
    sys.stderr.write("to stderr\n")
    sys.stdout.write("no newline")
    return ""


def closes(event, context):
    sys.stdout.close()
    return "fine"


def logs(event, context):
    logging.getLogger().info("an info %d", 1)
    logging.debug("hidden")
    logging.getLogger("lib").warning("two\nlines")
    context.logger.error(u"by context \u4f60")
    logging.error("bytes 你 \xff")
    try:
        raise ValueError("inside")
    except ValueError:
        logging.exception("caught")
    logging.basicConfig(format="USER %(message)s")
    logging.info("still ours")
    return ""


def system_exit(event, context):
    print "leaving"
    sys.exit(7)


def hard_exit(event, context):
    sys.stdout.write("so far\n")
    os._exit(1)


def sleep(event, context):
    time.sleep(float(event or 60))
    return "slept"


def alarm(event, context):
    # A signal that comes while the runtime waits for the next event.
    signal.signal(signal.SIGALRM, lambda number, frame: sys.stdout.write("alarm\n"))
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    return "set"


def big(event, context):
    return "x" * int(event)


def many_lines(event, context):
    for i in range(2000):
        print "line %d" % i
    return ""


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
    picked["all native"] = all(isinstance(v, str) for k, v in environ.items() if k.isupper())
    picked["body"] = body
    picked["request_id"] = environ["fc.context"].request_id
    yield json.dumps(picked)


def wsgi_bytes(environ, start_response):
    write = start_response("200 OK", [])
    write("first ")
    return u"second"


def wsgi_silent(environ, start_response):
    return ["x"]


def wsgi_fails(environ, start_response):
    raise ValueError("in wsgi")
