"""The life of a function through aliyun-fc2, API 2016-08-15."""
import io
import json
import os
import tempfile
import zipfile

import fc2

from common import ACCOUNT, ENDPOINT, KEY, REGION, SECRET, eventually, refused

client = fc2.Client(endpoint=ENDPOINT, accessKeyID=KEY, accessKeySecret=SECRET)
SERVICE, NAME = "sdk-service", "sdk-python2"


folder = tempfile.TemporaryDirectory()


def archive(text):
    path = os.path.join(folder.name, "code.zip")
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("index.py", text)
    return path


def source(answer):
    return archive(
        "def handler(event, context):\n"
        "    print('event:', event)\n"
        "    if event == b'fail':\n"
        "        raise ValueError('as asked')\n"
        f"    return {answer!r}\n"
        "def http(environ, start_response):\n"
        "    start_response('200 OK', [('X-Path', environ['PATH_INFO'])])\n"
        "    return [environ['QUERY_STRING'].encode()]\n"
    )


def invoke(event="x", qualifier=None, **headers):
    return client.invoke_function(SERVICE, NAME, payload=event, qualifier=qualifier, headers={k.replace("_", "-"): v for k, v in headers.items()})


# create, get, list
client.create_service(SERVICE, description="of the test")
refused("ServiceAlreadyExists", lambda: client.create_service(SERVICE))
client.create_function(SERVICE, NAME, "python3.10", "index.handler", codeZipFile=source("one"), memorySize=512, timeout=20, environmentVariables={"A": "b"})
got = client.get_function(SERVICE, NAME)
assert got.data["environmentVariables"] == {"A": "b"} and got.data["memorySize"] == 512 and got.headers["etag"], got.data
assert [s["serviceName"] for s in client.list_services(prefix="sdk-").data["services"]] == [SERVICE]
assert [f["functionName"] for f in client.list_functions(SERVICE).data["functions"]] == [NAME]

# invoke
assert invoke("hello").data == b"one"
try:
    raise AssertionError(invoke("fail").data)
except fc2.fc_exceptions.FcError as e:
    assert "as asked" in str(e), e

# publish, update, publish, split
first = client.publish_version(SERVICE, description="v1").data["versionId"]
client.update_function(SERVICE, NAME, codeZipFile=source("two"))
second = client.publish_version(SERVICE).data["versionId"]
assert invoke().data == b"two" and invoke(qualifier=first).data == b"one"
assert sorted(v["versionId"] for v in client.list_versions(SERVICE).data["versions"]) == sorted([first, second])
client.create_alias(SERVICE, "prod", first, additionalVersionWeight={second: 0.5})
assert {invoke(qualifier="prod").data for _ in range(40)} == {b"one", b"two"}
alias = client.get_alias(SERVICE, "prod")
assert alias.data["additionalVersionWeight"] == {second: 0.5}, alias.data
client.update_alias(SERVICE, "prod", versionId=second, additionalVersionWeight={})
assert {invoke(qualifier="prod").data for _ in range(10)} == {b"two"}

# a trigger, and calls through the proxy path
client.create_function(SERVICE, "web", "python3.10", "index.http", codeZipFile=source("web"))
client.create_trigger(SERVICE, "web", "t", "http", {"authType": "anonymous", "methods": ["GET", "POST"]}, "", "")
answer = client.do_http_request("GET", SERVICE, "web", "/a/b", params={"q": "1"})
assert (answer.status_code, answer.text, answer.headers["X-Path"]) == (200, "q=1", "/a/b"), (answer.status_code, answer.text, answer.headers)
assert client.list_triggers(SERVICE, "web").data["triggers"][0]["triggerName"] == "t"

# asynchronously, with a destination
arn = f"acs:fc:{REGION}:{ACCOUNT}:services/{SERVICE}.LATEST/functions/web"
client.put_function_async_invoke_config(SERVICE, "LATEST", NAME, {"maxAsyncRetryAttempts": 0, "destinationConfig": {"onFailure": {"destination": arn}}})
config = client.get_function_async_invoke_config(SERVICE, "LATEST", NAME)
assert config.data["destinationConfig"]["onFailure"]["destination"] == arn, config.data
client.invoke_function(SERVICE, NAME, payload="later", headers={"x-fc-invocation-type": "Async"})

# provision, on demand, tags
client.put_provision_config(SERVICE, "prod", NAME, 1)
eventually(lambda: client.get_provision_config(SERVICE, "prod", NAME).data, lambda d: d["current"] == 1)
client.put_provision_config(SERVICE, "prod", NAME, 0)
client.put_on_demand_config(SERVICE, "LATEST", NAME, 10)
assert client.get_on_demand_config(SERVICE, "LATEST", NAME).data["maximumInstanceCount"] == 10
client.delete_on_demand_config(SERVICE, "LATEST", NAME)
tagged = f"acs:fc:{REGION}:{ACCOUNT}:services/{SERVICE}"
client.tag_resource(f"services/{SERVICE}", {"team": "sdk"})
assert client.get_resource_tags(f"services/{SERVICE}").data["tags"] == {"team": "sdk"}, tagged

# delete
refused("NotEmpty", lambda: client.delete_service(SERVICE))
client.delete_function_async_invoke_config(SERVICE, "LATEST", NAME)
client.delete_trigger(SERVICE, "web", "t")
client.delete_alias(SERVICE, "prod")
for version in (first, second):
    client.delete_version(SERVICE, version)
for name in (NAME, "web"):
    client.delete_function(SERVICE, name)
client.delete_service(SERVICE)
refused("ServiceNotFound", lambda: client.get_service(SERVICE))
print("lived")
