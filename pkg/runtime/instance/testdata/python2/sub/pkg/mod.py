import sibling


def handler(event, context):
    return "from a package, " + sibling.name
