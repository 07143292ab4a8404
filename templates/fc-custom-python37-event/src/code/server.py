"""An event function on a custom runtime: a Flask app, served by gunicorn.

Function Compute calls POST /initialize once per instance if s.yaml configures
an initializer, and POST /invoke with the event as its body for every invocation.
"""
import json
import logging
import traceback

from flask import Flask, Response, request

logging.getLogger("werkzeug").setLevel(logging.ERROR)

app = Flask(__name__)


def log(text):
    """Print a whole line at once: threads don't mix, and nothing waits in a buffer."""
    print(text + "\n", end="", flush=True)


def request_id():
    """The id of this invocation; empty if the caller isn't Function Compute."""
    return request.headers.get("x-fc-request-id", "")


@app.route("/initialize", methods=["POST"])
def initialize():
    rid = request_id()
    log("FC Initialize Start RequestId: " + rid)
    # What an instance needs once (connections, models, ...) is loaded here.
    log("FC Initialize End RequestId: " + rid)
    return "OK"


@app.route("/invoke", methods=["POST"])
def invoke():
    rid = request_id()
    log("FC Invoke Start RequestId: " + rid)
    event = request.get_data()
    try:
        log(event.decode("utf-8", "backslashreplace"))
        data = json.loads(event)
        # Your code comes here; data is the event.
        log(repr(data))
    except Exception as err:
        answer = failure(err)
        log("FC Invoke End RequestId: " + rid + ", Error: Unhandled function error")
        return answer
    log("FC Invoke End RequestId: " + rid)
    return Response(event, mimetype="application/json")


def failure(err):
    """The status 404 and the header tell Function Compute that the function failed."""
    body = {"message": str(err), "stack": traceback.format_exc().splitlines()}
    log(json.dumps(body))
    return Response(
        json.dumps(body),
        status=404,
        headers={"x-fc-status": "404"},
        mimetype="application/json",
    )


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=9000)
