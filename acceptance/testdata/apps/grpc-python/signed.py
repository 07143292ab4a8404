"""Calls the service at ADDRESS under the name HOST with FC's own signature, as the
documentation of signed HTTP triggers has it; prints what came."""
import base64
import email.utils
import hashlib
import hmac
import sys

import grpc
from google.protobuf.wrappers_pb2 import StringValue as Text

address, host, key, secret = sys.argv[1:]
channel = grpc.insecure_channel(address, [("grpc.default_authority", host), ("grpc.enable_http_proxy", 0)])
codec = dict(request_serializer=Text.SerializeToString, response_deserializer=Text.FromString)
patience = 60


def signed(path, secret):
    date = email.utils.formatdate(usegmt=True)
    text = "\n".join(["POST", "", "application/grpc", date, path, ""])
    signature = base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()
    return (("date", date), ("authorization", "FC %s:%s" % (key, signature)))


say = channel.unary_unary("/talk.Talk/Say", **codec)
for name, metadata in (("unsigned", ()), ("forged", signed("/talk.Talk/Say", secret + "x")), ("other", signed("/talk.Talk/Chat", secret))):
    try:
        say(Text(value="s"), metadata=metadata, timeout=patience)
        print(name, "came through")
    except grpc.RpcError as e:
        print(name, e.code().name)
print("signed", say(Text(value="s"), metadata=signed("/talk.Talk/Say", secret), timeout=patience).value)
words = iter([Text(value="0"), Text(value="1")])
print("chat", *[t.value for t in channel.stream_stream("/talk.Talk/Chat", **codec)(words, metadata=signed("/talk.Talk/Chat", secret), timeout=patience)])
