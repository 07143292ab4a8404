"""The life of a function through alibabacloud_fc20230330, API 2023-03-30."""
import base64
import io
import json
import time
import zipfile

from alibabacloud_fc20230330 import models as m
from alibabacloud_fc20230330.client import Client
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_util.models import RuntimeOptions

from common import ACCOUNT, ENDPOINT, KEY, REGION, SECRET, eventually, refused

host = ENDPOINT.split("//")[1]
client = Client(Config(access_key_id=KEY, access_key_secret=SECRET, endpoint=host, protocol="http", region_id=REGION))
runtime = RuntimeOptions(read_timeout=60000, connect_timeout=5000)
NAME, RECEIVER = "sdk-python", "sdk-python-receiver"


def archive(text):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("index.py", text)
    return base64.b64encode(out.getvalue()).decode()


def source(answer):
    return archive(
        "import json, os\n"
        "def handler(event, context):\n"
        "    print('event:', event.decode())\n"
        "    if event == b'fail':\n"
        "        raise ValueError('as asked')\n"
        f"    return json.dumps(dict(answer={answer!r}, stage=os.environ.get('STAGE'), event=event.decode()))\n"
    )


def invoke(event, qualifier=None, name=NAME, **headers):
    request = m.InvokeFunctionRequest(body=io.BytesIO(event.encode()), qualifier=qualifier)
    return client.invoke_function_with_options(name, request, m.InvokeFunctionHeaders(**headers), runtime)


def create(name, text):
    return client.create_function(m.CreateFunctionRequest(body=m.CreateFunctionInput(
        function_name=name, runtime="python3.10", handler="index.handler", memory_size=512, cpu=0.35, disk_size=512, timeout=20,
        code=m.InputCodeLocation(zip_file=text), environment_variables={"STAGE": "one"},
    ))).body


# create, get, list
made = create(NAME, source("one"))
assert made.function_arn.endswith(":functions/" + NAME), made
create(RECEIVER, archive("def handler(event, context):\n    print('received', event.decode())\n    return event\n"))
got = client.get_function(NAME, m.GetFunctionRequest()).body
assert (got.memory_size, got.timeout, got.environment_variables) == (512, 20, {"STAGE": "one"}), got
names = [f.function_name for f in client.list_functions(m.ListFunctionsRequest(prefix="sdk-python", limit=50)).body.functions]
assert names == [NAME, RECEIVER], names
refused("FunctionAlreadyExists", lambda: create(NAME, source("again")))
refused("FunctionNotFound", lambda: client.get_function("nobody", m.GetFunctionRequest()))

# invoke
answer = invoke("hello", x_fc_log_type="Tail")
assert json.loads(answer.body.read()) == {"answer": "one", "stage": "one", "event": "hello"}
assert b"event: hello" in base64.b64decode(answer.headers["x-fc-log-result"]), answer.headers
failed = invoke("fail")
assert failed.headers["x-fc-error-type"], failed.headers
assert json.loads(failed.body.read())["errorMessage"] == "as asked"

# publish, update, publish, split
first = client.publish_function_version(NAME, m.PublishFunctionVersionRequest(body=m.PublishVersionInput(description="v1"))).body.version_id
client.update_function(NAME, m.UpdateFunctionRequest(body=m.UpdateFunctionInput(
    code=m.InputCodeLocation(zip_file=source("two")), environment_variables={"STAGE": "two"})))
second = client.publish_function_version(NAME, m.PublishFunctionVersionRequest(body=m.PublishVersionInput())).body.version_id
assert json.loads(invoke("x").body.read())["stage"] == "two"
assert json.loads(invoke("x", qualifier=first).body.read())["answer"] == "one"
versions = [v.version_id for v in client.list_function_versions(NAME, m.ListFunctionVersionsRequest(limit=10)).body.versions]
assert sorted(versions) == sorted([first, second]), versions
client.create_alias(NAME, m.CreateAliasRequest(body=m.CreateAliasInput(
    alias_name="prod", version_id=first, additional_version_weight={second: 0.5})))
answers = {json.loads(invoke("x", qualifier="prod").body.read())["answer"] for _ in range(40)}
assert answers == {"one", "two"}, answers
client.update_alias(NAME, "prod", m.UpdateAliasRequest(body=m.UpdateAliasInput(version_id=second, additional_version_weight={})))
assert {json.loads(invoke("x", qualifier="prod").body.read())["answer"] for _ in range(10)} == {"two"}
refused("AliasNotFound", lambda: client.get_alias(NAME, "nobody"))

# asynchronously, with a destination
arn = f"acs:fc:{REGION}:{ACCOUNT}:functions/{RECEIVER}"
client.put_async_invoke_config(NAME, m.PutAsyncInvokeConfigRequest(qualifier="LATEST", body=m.PutAsyncInvokeConfigInput(
    async_task=True, max_async_retry_attempts=0, destination_config=m.DestinationConfig(on_success=m.Destination(destination=arn), on_failure=m.Destination(destination=arn)))))
config = client.get_async_invoke_config(NAME, m.GetAsyncInvokeConfigRequest(qualifier="LATEST")).body
assert config.destination_config.on_success.destination == arn and config.async_task, config
for task, event, status in (("good", "later", "Succeeded"), ("bad", "fail", "Failed")):
    accepted = invoke(event, x_fc_invocation_type="Async", x_fc_async_task_id=task)
    assert accepted.status_code == 202, accepted.status_code
    done = eventually(lambda: client.get_async_task(NAME, task, m.GetAsyncTaskRequest(qualifier="LATEST")).body, lambda t: t.status == status)
    assert done.task_id == task, done
tasks = [t.task_id for t in client.list_async_tasks(NAME, m.ListAsyncTasksRequest(qualifier="LATEST", limit=10)).body.tasks]
assert sorted(tasks) == ["bad", "good"], tasks

# triggers, concurrency, tags
client.create_trigger(NAME, m.CreateTriggerRequest(body=m.CreateTriggerInput(
    trigger_name="every", trigger_type="timer", trigger_config=json.dumps({"cronExpression": "@every 10m", "enable": False, "payload": "p"}))))
assert [t.trigger_type for t in client.list_triggers(NAME, m.ListTriggersRequest()).body.triggers] == ["timer"]
client.put_concurrency_config(NAME, m.PutConcurrencyConfigRequest(body=m.PutConcurrencyInput(reserved_concurrency=5)))
assert client.get_concurrency_config(NAME).body.reserved_concurrency == 5
client.tag_resources(m.TagResourcesRequest(body=m.TagResourcesInput(
    resource_id=[made.function_arn], resource_type="FUNCTION", tag=[m.Tag(key="team", value="sdk")])))
tagged = client.list_tag_resources(m.ListTagResourcesRequest(resource_type="FUNCTION", resource_id=[made.function_arn])).body
assert [(t.tag_key, t.tag_value) for t in tagged.tag_resources] == [("team", "sdk")], tagged

# delete
client.delete_concurrency_config(NAME)
client.delete_trigger(NAME, "every")
client.delete_async_invoke_config(NAME, m.DeleteAsyncInvokeConfigRequest(qualifier="LATEST"))
client.delete_alias(NAME, "prod")
for version in (first, second):
    client.delete_function_version(NAME, version)
for name in (NAME, RECEIVER):
    client.delete_function(name)
refused("FunctionNotFound", lambda: client.get_function(NAME, m.GetFunctionRequest()))
print("lived")
