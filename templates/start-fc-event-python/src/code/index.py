"""An event function on the managed Python runtime."""
import json
import logging

logger = logging.getLogger()


def handler(event, context):
    """Called for every invocation: event is bytes, what it returns is the result.

    context knows the invocation and its function: context.request_id,
    context.function.name, context.region and others.
    """
    logger.info("request %s: %d bytes", context.request_id, len(event))
    data = json.loads(event) if event else None
    name = data.get("name", "world") if isinstance(data, dict) else "world"
    return {"message": "hello " + str(name), "event": data}
