"""The logs of a function with aliyun-log-python-sdk."""
import socket
import sys
import time
from urllib.parse import urlsplit

from aliyun.log import GetHistogramsRequest, IndexConfig, LogClient, LogException, LogItem, PutLogsRequest

endpoint, key, secret = sys.argv[1:4]
host = f"cn-hangzhou.log.localhost:{urlsplit(endpoint).port}"

# Not every system's resolver knows that *.localhost is this machine.
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda name, *args, **kwargs: resolve("127.0.0.1" if name.endswith(".localhost") else name, *args, **kwargs)
client = LogClient(host, key, secret)
client._get_logs_v2_enabled = False


def fails(code, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except LogException as e:
        assert e.get_error_code() == code, (e.resp_status, e.get_error_code(), e.get_error_message())
        return
    raise AssertionError("it did not fail with " + code)


# Making what a tool makes for `logConfig: auto`.
fails("ProjectNotExist", client.get_project, "of-a-tool")
client.create_project("of-a-tool", "logs of functions")
fails("ProjectAlreadyExist", client.create_project, "of-a-tool", "again")
assert client.get_project("of-a-tool").get_description() == "logs of functions"
fails("LogStoreNotExist", client.get_logstore, "of-a-tool", "default-logs")
client.create_logstore("of-a-tool", "default-logs", ttl=30, shard_count=1)
assert client.get_logstore("of-a-tool", "default-logs").ttl == 30
fails("IndexConfigNotExist", client.get_index_config, "of-a-tool", "default-logs")
client.create_index("of-a-tool", "default-logs", IndexConfig(ttl=30, key_config_list={}))
client.get_index_config("of-a-tool", "default-logs")
assert client.list_logstore("of-a-tool").get_logstores() == ["default-logs"]
fails("SignatureNotMatch", LogClient(host, key, secret + "x").get_project, "of-a-tool")
fails("Unauthorized", LogClient(host, "nobody", secret).get_project, "of-a-tool")

# Lines that a tool writes itself, whatever it compresses them with.
when = int(time.time())
for compress in (False, True):
    group = PutLogsRequest("of-a-tool", "default-logs", "my-topic", "10.1.2.3", [
        LogItem(when, contents=[("level", "WARN"), ("text", f"disk is full, {compress}")]),
        LogItem(when, contents=[("level", "INFO"), ("text", "all is well")]),
    ], compress=compress, logtags=[("host", "web-1")])
    client.put_logs(group)
written = client.get_log("of-a-tool", "default-logs", when - 60, when + 60, topic="my-topic", query="level: WARN and full").get_logs()
assert sorted(l.get_contents()["text"] for l in written) == ["disk is full, False", "disk is full, True"], written
assert all(l.get_source() == "10.1.2.3" and l.get_contents()["__tag__:host"] == "web-1" and l.get_time() == when for l in written), written

# The logs of the function, which was called three times with "one", "two" and "three".
now = int(time.time())


def lines(query="", client=client, **more):
    return [log.get_contents() for log in client.get_log("functions", "logs", now - 600, now + 60, query=query, **more).get_logs()]


topic = '__topic__:"FCLogs:printer"'
found = lines(topic)
assert found, "no lines"
for word in ("one", "two", "three"):
    [line] = lines(f"{topic} and event {word}")
    assert line["message"].endswith("event " + word) and line["functionName"] == "printer" and line["qualifier"] == "LATEST", line
    own = lines(f'{topic} and "{line["requestId"]}"')
    assert len(own) >= 3 and {l["requestId"] for l in own} == {line["requestId"]}, own
    assert "FC Invoke Start" in own[0]["message"] and "FC Invoke End" in own[-1]["message"], own
    assert all(l in own for l in lines(f'requestId: {line["requestId"]} and instanceID: {line["instanceID"]}'))
assert [l["message"][-3:] for l in lines("event and (one or two)")] == ["one", "two"]
assert [l["message"][-3:] for l in lines("event not three", reverse=True)] == ["two", "one"]
assert [l["message"][-5:] for l in lines("event", size=1, offset=2)] == ["three"]
assert lines("nothing") == [] and lines('__topic__:"FCLogs:other"') == [] and lines("", topic="FCLogs:other") == []
second = LogClient(host, key, secret)
second._get_logs_v2_enabled = True
assert lines("event", client=second) == lines("event")
fails("ParameterInvalid", lines, "functionName: (")
fails("ParameterInvalid", lines, "(event")
pieces = client.get_histograms(GetHistogramsRequest("functions", "logs", now - 600, now + 60, query="event"))
assert pieces.is_completed() and pieces.get_total_count() == 3 and len(pieces.get_histograms()) > 10
client.delete_logstore("of-a-tool", "default-logs")
client.delete_project("of-a-tool")
fails("ProjectNotExist", client.get_project, "of-a-tool")
print("sls: all as it should be")
