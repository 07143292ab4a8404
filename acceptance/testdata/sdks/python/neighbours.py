"""OSS and SLS beside a deployment, through oss2 and aliyun-log-python-sdk."""
import io
import json
import os
import socket
import time
import zipfile

import oss2
from aliyun.log import GetHistogramsRequest, GetLogsRequest, LogClient
from alibabacloud_fc20230330 import models as m
from alibabacloud_fc20230330.client import Client
from alibabacloud_tea_openapi.models import Config

from common import ACCOUNT, ENDPOINT, KEY, REGION, SECRET, eventually

NAME = "sdk-neighbours"

# The code goes up in parts, as a large one does, and is had from there.
for auth in (oss2.Auth(KEY, SECRET), oss2.AuthV4(KEY, SECRET)):
    bucket = oss2.Bucket(auth, ENDPOINT, "sdk-bucket", region=REGION, is_path_style=True)
    try:
        bucket.create_bucket()
    except oss2.exceptions.ServerError as e:
        assert e.code == "BucketAlreadyExists", e
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("index.py", "def handler(event, context):\n    print('looked for')\n    return 'by oss'\n")
        z.writestr("filler", os.urandom(1 << 20))
    data = out.getvalue()
    upload = bucket.init_multipart_upload("code/a.zip").upload_id
    parts = []
    for number, start in enumerate(range(0, len(data), 400_000), 1):
        etag = bucket.upload_part("code/a.zip", upload, number, data[start:start + 400_000]).etag
        parts.append(oss2.models.PartInfo(number, etag))
    bucket.complete_multipart_upload("code/a.zip", upload, parts)
    assert bucket.get_object("code/a.zip").read() == data
    assert [o.key for o in oss2.ObjectIterator(bucket, prefix="code/")] == ["code/a.zip"]
    url = bucket.sign_url("GET", "code/a.zip", 60)
    assert len(oss2.Session().do_request(oss2.http.Request("GET", url), timeout=10).read()) == len(data)

client = Client(Config(access_key_id=KEY, access_key_secret=SECRET, endpoint=ENDPOINT.split("//")[1], protocol="http", region_id=REGION))
client.create_function(m.CreateFunctionRequest(body=m.CreateFunctionInput(
    function_name=NAME, runtime="python3.10", handler="index.handler", memory_size=512, cpu=0.35, disk_size=512,
    code=m.InputCodeLocation(oss_bucket_name="sdk-bucket", oss_object_name="code/a.zip"),
    log_config=m.LogConfig(project="sdk-project", logstore="sdk-logs"))))
begin = int(time.time()) - 60
answer = client.invoke_function(NAME, m.InvokeFunctionRequest())
assert answer.body.read() == b"by oss"
request_id = answer.headers["x-fc-request-id"]

# The client puts the project before the host. Names below localhost are this machine
# (RFC 6761); not every system's resolver knows.
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *args, **kw: resolve("127.0.0.1" if str(host).endswith(".localhost") else host, *args, **kw)
logs = LogClient(ENDPOINT.replace("127.0.0.1", "localhost"), KEY, SECRET)

# What the function printed is found in its logstore, by request and by word.


def found(query):
    request = GetLogsRequest("sdk-project", "sdk-logs", begin, int(time.time()) + 60, "", query=query, line=100, offset=0, reverse=False)
    return [log.get_contents() for log in logs.get_logs(request).get_logs()]


lines = eventually(lambda: found(request_id), lambda got: any("looked for" in line.get("message", "") for line in got))
assert all(line["functionName"] == NAME for line in lines), lines
assert found("looked and " + request_id) and not found("nothing-like-it and " + request_id)
histogram = logs.get_histograms(GetHistogramsRequest("sdk-project", "sdk-logs", begin, int(time.time()) + 60, "", request_id))
assert histogram.get_total_count() == len(found(request_id)), (histogram.get_total_count(), len(lines))

client.delete_function(NAME)
bucket.delete_object("code/a.zip")
bucket.delete_bucket()
print("lived")
