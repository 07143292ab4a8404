import sibling
from . import VALUE


def handler(event, context):
    return VALUE + ", " + sibling.NAME
