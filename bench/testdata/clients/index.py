import json


def handler(event, context):
    event = json.loads(event)
    print(event["kind"], event["id"])
    return event["id"]
