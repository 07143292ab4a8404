"""What is this function's own."""
import os


def handler(event, context):
    return " ".join([os.environ.get("OWN", "nobody"), context.function.name, os.environ["FC_INSTANCE_ID"]])


def library(event, context):
    import ctypes
    ctypes.CDLL("libofthefunction.so")
    return "loaded"
