"""Reads and writes what functions share, and tells what the instance has."""

import json
import os
import time


def write(event, context):
    path = event.decode()
    try:
        with open(path, "a") as f:
            f.write("x")
    except OSError as e:
        return e.strerror
    with open(path) as f:
        return f.read()


def read(event, context):
    with open(event.decode()) as f:
        return f.read()


def keys(event, context):
    return json.dumps([
        os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_ID"), os.environ.get("accessKeyID"), context.credentials.access_key_id,
    ])


def hour(event, context):
    return str(time.localtime(0).tm_hour)
