"""All kinds of calls of gRPC. Texts are google.protobuf.StringValue, so that no
code must be generated."""
import os
import threading
from concurrent import futures

import grpc
from google.protobuf.wrappers_pb2 import StringValue as Text

gone = threading.Event()


def say(request, context):
    metadata = dict(context.invocation_metadata())
    context.send_initial_metadata((("x-answer", metadata.get("x-ask", "")),))
    context.set_trailing_metadata((("x-last", "yes"), ("x-told", metadata.get("x-fc-function-name", ""))))
    return Text(value="hello " + request.value)


def count(request, context):
    for n in range(int(request.value)):
        yield Text(value=str(n))


def gather(requests, context):
    return Text(value=" ".join(r.value for r in requests))


def chat(requests, context):
    for r in requests:
        yield Text(value="heard " + r.value)


def fail(request, context):
    context.abort(grpc.StatusCode.NOT_FOUND, "no " + request.value)


def wait(request, context):
    ended = threading.Event()
    context.add_callback(ended.set)
    ended.wait()
    gone.set()
    return Text()


def was_gone(request, context):
    gone.wait()
    return Text(value="gone")


def kind(make, call):
    return make(call, request_deserializer=Text.FromString, response_serializer=Text.SerializeToString)


server = grpc.server(futures.ThreadPoolExecutor(max_workers=20))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("talk.Talk", {
    "Say": kind(grpc.unary_unary_rpc_method_handler, say),
    "Count": kind(grpc.unary_stream_rpc_method_handler, count),
    "Gather": kind(grpc.stream_unary_rpc_method_handler, gather),
    "Chat": kind(grpc.stream_stream_rpc_method_handler, chat),
    "Fail": kind(grpc.unary_unary_rpc_method_handler, fail),
    "Wait": kind(grpc.unary_unary_rpc_method_handler, wait),
    "Gone": kind(grpc.unary_unary_rpc_method_handler, was_gone),
}),))
server.add_insecure_port("0.0.0.0:" + os.environ["FC_SERVER_PORT"])
server.start()
server.wait_for_termination()
