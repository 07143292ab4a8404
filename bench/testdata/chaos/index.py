import json
import os
import subprocess
import sys
import time


def handler(event, context):
    order = json.loads(event.decode("utf-8"))
    do = order["do"]
    if do == "fail":
        raise ValueError(order["id"])
    if do == "exit":
        os._exit(int(order["id"][-1], 16) % 2)
    if do == "abort":
        os.abort()
    if do == "hang":
        time.sleep(600)
    if do == "orphan":
        subprocess.Popen(["sleep", "600"])
    if do == "print":
        print("x" * 200000)
    if do == "close":
        os.close(1)
    if do == "fill":
        try:
            with open("/tmp/filled-" + order["id"], "wb") as out:
                for _ in range(20):
                    out.write(b"x" * 1000000)
        finally:
            os.remove("/tmp/filled-" + order["id"])
    if do == "memory":
        return str(len(bytearray(os.urandom(1024)) * 1024 * 1024))
    return json.dumps({"id": order["id"]})
