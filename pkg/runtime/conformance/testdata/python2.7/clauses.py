# -*- coding: utf-8 -*-
"""The handlers that every language has (see clauses_test.go)."""

from __future__ import print_function

import logging
import os
import signal
import subprocess
import sys
import threading
import time

def echo(event, context):
    return event

def text(event, context):
    return u"gr\u00fc\u00dfe \u4f60\u597d \U0001f600"

def nothing(event, context):
    return None

def number(event, context):
    return 42

def boolean(event, context):
    return True

def document(event, context):
    return {"a": [1, "two", None], "b": {"c": True}, "d": 1.5, "e": u"\u00fc"}

def size(event, context):
    return b"x" * int(event)

calls = 0

def count(event, context):
    global calls
    calls += 1
    return str(calls)

def temporary(event, context):
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), "kept")
    with open(path, "ab") as kept:
        kept.write(event)
    with open(path, "rb") as kept:
        return kept.read()

def child(event, context):
    return subprocess.check_output(["echo", "from a child"]).strip()

finished = threading.Event()

def background(event, context):
    if event == b"start":
        threading.Timer(0.05, finished.set).start()
        return "started"
    finished.wait(30)
    return "done"

def fail(event, context):
    raise ValueError(event)

class Mine(Exception):
    pass

def fail_type(event, context):
    raise Mine(event)

def deeper(message):
    raise ValueError(message)

def fail_deep(event, context):
    deeper(event)

def fail_odd(event, context):
    if int(event) % 2:
        raise ValueError("odd")
    return "fine"

def recurse(event, context):
    return recurse(event, context) if event else "fine"

def unserialisable(event, context):
    return object()

def leave(event, context):
    print("leaving")
    sys.exit(int(event))

def signal_process(event, context):
    os.kill(os.getpid(), getattr(signal, "SIG" + event))
    time.sleep(30)

def sleep(event, context):
    time.sleep(600)

def spin(event, context):
    while True:
        pass

def deaf(event, context):
    try:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    except ValueError:
        pass  # not in this thread; a server as first process is deaf anyway
    time.sleep(600)

def allocate(event, context):
    kept = []
    for _ in range(int(event)):
        kept.append(bytearray(os.urandom(1024)) * 1024)
    return str(len(kept))

def orphan(event, context):
    return str(subprocess.Popen(["sleep", "600"]).pid)

def context(event, context):
    return {
        "requestId": context.request_id, "functionName": context.function.name, "handler": context.function.handler,
        "memory": context.function.memory, "timeout": context.function.timeout, "region": context.region,
        "accountId": context.account_id, "serviceName": context.service.name, "qualifier": context.service.qualifier,
        "versionId": context.service.version_id, "accessKeyId": context.credentials.access_key_id,
        "accessKeySecret": context.credentials.access_key_secret, "securityToken": context.credentials.security_token,
    }

def environment(event, context):
    return dict(os.environ)

def places(event, context):
    writable = os.access(os.path.dirname(os.path.abspath(__file__)), os.W_OK)
    return {"cwd": os.getcwd(), "here": os.path.exists("clauses.py"), "writable": writable}

def layer_file(event, context):
    with open("/opt/file.txt") as text:
        return text.read().strip()

def layer_library(event, context):
    import of_a_layer
    return of_a_layer.name

def layer_program(event, context):
    return subprocess.check_output(["of-a-layer"]).strip()

total = 0

def add_one(context):
    global total
    print("initializing")
    total += 1

def add_two(event, context):
    global total
    total += 2
    return total

def fail_to_initialize(context):
    raise RuntimeError("no database")

def initialize_long(context):
    time.sleep(600)

def initialize_exit(context):
    os._exit(1)

def stop_here(context):
    print("stopping after %d" % calls)

def stop_fails(context):
    raise RuntimeError("can't stop")

def print_all(event, context):
    print("to stdout")
    sys.stderr.write("to stderr\n")
    print(u"\u4f60\u597d \U0001f600")
    sys.stdout.write("no newline")

def log(event, context):
    logging.getLogger().info("an info")
    logging.getLogger().warning("a warning")
    logging.getLogger().error("an error")

def print_long(event, context):
    print("x" * 100000)

def print_many(event, context):
    for n in range(2000):
        print("line %d" % n)

def print_flood(event, context):
    line = "y" * 1000
    for _ in range(20000):
        print(line)
    return "survived"

def close_output(event, context):
    sys.stdout.close()
    sys.stdout = open(os.devnull, "w")
    return "fine"

lock = threading.Condition()
arrived = 0

def meet(event, context):
    global arrived
    with lock:
        arrived += 1
        lock.notify_all()
        while arrived % 3:
            lock.wait(30)
    logging.getLogger().info("met " + event)
    return event

def http(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    answer = "|".join([
        environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"], environ.get("HTTP_X_MINE", ""),
        environ["CONTENT_TYPE"], body])
    start_response("201 Created", [("Content-Type", "text/plain"), ("X-Answer", "yes")])
    return [answer]

def http_echo(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return [environ["wsgi.input"].read()]

def http_fail(environ, start_response):
    raise ValueError("no page")
