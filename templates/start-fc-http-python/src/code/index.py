"""A function behind an HTTP trigger, on the managed Python runtime."""
import base64
import json
import logging

logger = logging.getLogger()


def handler(event, context):
    """Called for every request: event is the request as JSON, the result the response."""
    request = parse(event)
    if request is None:
        return respond(400, {"error": "this function answers HTTP requests: call the url of its trigger"})
    http = request["requestContext"]["http"]
    logger.info("%s %s", http["method"], http["path"])
    return respond(200, {
        "message": "hello world",
        "method": http["method"],
        "path": http["path"],
        "query": request.get("queryParameters") or {},
        "body": body_of(request),
    })


def parse(event):
    """The request in event, or None if no HTTP trigger has sent it."""
    try:
        request = json.loads(event)
        request["requestContext"]["http"]["method"]
    except (ValueError, KeyError, TypeError):
        return None
    return request


def body_of(request):
    """The body as text; binary bodies arrive in base64."""
    body = request.get("body") or ""
    if request.get("isBase64Encoded"):
        return base64.b64decode(body).decode("utf-8", "backslashreplace")
    return body


def respond(status, content):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "isBase64Encoded": False,
        "body": json.dumps(content, ensure_ascii=False),
    }
