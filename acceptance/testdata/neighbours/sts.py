"""STS with aliyun-python-sdk-core, which signs in the RPC style."""
import json
import sys
from urllib.parse import urlsplit

import oss2
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.auth.credentials import StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

endpoint, key, secret = sys.argv[1:4]
where = urlsplit(endpoint)


def ask(client, action, version="2015-04-01", method="POST", **params):
    request = CommonRequest(domain=where.hostname, version=version, action_name=action)
    request.set_protocol_type("http")
    request.set_method(method)
    for name, value in params.items():
        request.add_query_param(name, value) if method == "GET" else request.add_body_params(name, value)
    return json.loads(client.do_action_with_exception(request))


def fails(code, *args, **kwargs):
    try:
        ask(*args, **kwargs)
    except ServerException as e:
        assert e.error_code == code, (e.http_status, e.error_code, e.message)
        return e
    raise AssertionError("it did not fail with " + code)


client = AcsClient(key, secret, "cn-hangzhou", port=where.port)
me = ask(client, "GetCallerIdentity")
assert me["IdentityType"] == "Account" and me["Arn"] == f"acs:ram::{me['AccountId']}:root", me
assert ask(client, "GetCallerIdentity", method="GET")["AccountId"] == me["AccountId"]
fails("SignatureDoesNotMatch", AcsClient(key, secret + "x", "cn-hangzhou", port=where.port), "GetCallerIdentity")
fails("InvalidAccessKeyId.NotFound", AcsClient("nobody", secret, "cn-hangzhou", port=where.port), "GetCallerIdentity")
assert "GetRole" in fails("NotImplemented", client, "GetRole", version="2015-05-01", RoleName="x").message

role = f"acs:ram::{me['AccountId']}:role/Deployer"
fails("InvalidParameter.DurationSeconds", client, "AssumeRole", RoleArn=role, RoleSessionName="it-is-me", DurationSeconds="1")
fails("NoPermission", client, "AssumeRole", RoleArn="acs:ram::1:role/x", RoleSessionName="it-is-me")
given = ask(client, "AssumeRole", RoleArn=role, RoleSessionName="it-is-me")["Credentials"]
temporary = StsTokenCredential(given["AccessKeyId"], given["AccessKeySecret"], given["SecurityToken"])
assumed = AcsClient(region_id="cn-hangzhou", credential=temporary, port=where.port)
me = ask(assumed, "GetCallerIdentity")
assert me["IdentityType"] == "AssumedRoleUser" and me["Arn"].endswith(":assumed-role/deployer/it-is-me"), me
wrong = StsTokenCredential(given["AccessKeyId"], given["AccessKeySecret"], given["SecurityToken"][:-2])
fails("InvalidSecurityToken.MismatchWithAccessKey", AcsClient(region_id="r", credential=wrong, port=where.port), "GetCallerIdentity")

session = oss2.Session()
session.session.trust_env = False
for auth in (oss2.StsAuth(*given_keys, auth_version=v) for given_keys in [(given["AccessKeyId"], given["AccessKeySecret"], given["SecurityToken"])]
             for v in ("v1", "v4")):
    bucket = oss2.Bucket(auth, endpoint, "of-the-role", region="cn-hangzhou", session=session)
    bucket.create_bucket()
    bucket.put_object("a", b"x")
    assert bucket.get_object("a").read() == b"x"
print("sts: all as it should be")
