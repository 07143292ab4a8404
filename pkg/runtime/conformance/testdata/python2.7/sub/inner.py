def handler(event, context):
    return "from a folder"
