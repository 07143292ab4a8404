"""Calls the service at ADDRESS under the name HOST in all ways; prints what came."""
import sys
import threading

import grpc
from google.protobuf.wrappers_pb2 import StringValue as Text

address, host = sys.argv[1:]
channel = grpc.insecure_channel(address, [("grpc.default_authority", host), ("grpc.enable_http_proxy", 0)])
codec = dict(request_serializer=Text.SerializeToString, response_deserializer=Text.FromString)
patience = 60

answer, call = channel.unary_unary("/talk.Talk/Say", **codec).with_call(
    Text(value="s"), metadata=(("x-ask", "1"), ("x-fc-function-name", "made up")), timeout=patience)
last = dict(call.trailing_metadata())
print("say", answer.value, dict(call.initial_metadata())["x-answer"], last["x-last"], last["x-told"])

print("large", len(channel.unary_unary("/talk.Talk/Say", **codec)(Text(value="x" * 3000000), timeout=patience).value))

print("count", *[t.value for t in channel.unary_stream("/talk.Talk/Count", **codec)(Text(value="5"), timeout=patience)])

print("gather", channel.stream_unary("/talk.Talk/Gather", **codec)(
    iter([Text(value="a"), Text(value="b"), Text(value="c")]), timeout=patience).value)

# A conversation: each message is sent once the answer to the former one is here.
heard, turn = [], threading.Semaphore(1)


def lines():
    for n in range(3):
        turn.acquire()
        yield Text(value=str(n))


for text in channel.stream_stream("/talk.Talk/Chat", **codec)(lines(), timeout=patience):
    heard.append(text.value)
    turn.release()
print("chat", *heard)

try:
    channel.unary_unary("/talk.Talk/Fail", **codec)(Text(value="it"), timeout=patience)
except grpc.RpcError as e:
    print("fail", e.code().name, e.details())

try:
    channel.unary_unary("/talk.Talk/None", **codec)(Text(), timeout=patience)
except grpc.RpcError as e:
    print("none", e.code().name)

try:
    channel.unary_unary("/talk.Talk/Wait", **codec)(Text(), timeout=0.5)
except grpc.RpcError as e:
    print("deadline", e.code().name)
print("then", channel.unary_unary("/talk.Talk/Gone", **codec)(Text(), timeout=patience).value)

call = channel.unary_unary("/talk.Talk/Wait", **codec).future(Text(), timeout=patience)
call.cancel()
print("cancel", call.cancelled())
