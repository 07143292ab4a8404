"""The life of objects with oss2, Alibaba Cloud's own client, in both signature versions."""
import hashlib
import io
import os
import sys
import urllib.error
import urllib.request

import oss2

endpoint, key, secret = sys.argv[1:4]


def urlopen(url):
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url)


def fails(code, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except oss2.exceptions.OssError as e:
        assert e.code == code, (e.status, e.code, e.message)
        return e
    raise AssertionError(f"{call} did not fail with {code}")


def life(auth, bucket_name, region):
    session = oss2.Session()
    session.session.trust_env = False  # no proxy of this machine's
    bucket = oss2.Bucket(auth, endpoint, bucket_name, region=region, session=session)
    fails("NoSuchBucket", bucket.put_object, "a", b"x")
    bucket.create_bucket()
    assert bucket.get_bucket_info().location == "oss-cn-hangzhou"

    # Names that would lead elsewhere as paths, and text that must be escaped.
    names = ["plain.txt", "../../up", "a/./b", "a//b", "CON", "ü 文件+%/x?y&z=1#", "~star*'()!", "d/1", "d/2", "d/e/3"]
    for name in names:
        data = name.encode() * 100
        put = bucket.put_object(name, data, headers={"x-oss-meta-Who": "me", "Content-Type": "text/x"})
        assert put.etag == hashlib.md5(data).hexdigest().upper(), put.etag
        got = bucket.get_object(name)  # the client compares x-oss-hash-crc64ecma
        assert got.read() == data and got.headers["x-oss-meta-who"] == "me" and got.content_type == "text/x"
    assert sorted(o.key for o in oss2.ObjectIterator(bucket, max_keys=3)) == sorted(names)
    assert sorted(o.key for o in oss2.ObjectIteratorV2(bucket, max_keys=3)) == sorted(names)
    shown = [(o.key, o.is_prefix()) for o in oss2.ObjectIterator(bucket, prefix="d/", delimiter="/", max_keys=1)]
    assert shown == [("d/1", False), ("d/2", False), ("d/e/", True)], shown
    shown = [o.key for o in oss2.ObjectIteratorV2(bucket, delimiter="/", max_keys=2)]
    assert [n for n in shown if n.endswith("/")] == ["../", "a/", "d/", "ü 文件+%/"], shown

    assert bucket.get_object("plain.txt", byte_range=(2, 5)).read() == b"ain."
    assert bucket.get_object("plain.txt", byte_range=(None, 3)).read() == b"txt"
    fails("InvalidDigest", bucket.put_object, "bad", b"x", headers={"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="})
    fails("FileAlreadyExists", bucket.put_object, "d/1", b"x", headers={"x-oss-forbid-overwrite": "true"})
    fails("NoSuchKey", bucket.get_object, "nowhere")
    assert not bucket.object_exists("nowhere") and bucket.object_exists("d/1")
    bucket.copy_object(bucket_name, "d/1", "copy")
    assert bucket.get_object("copy").read() == b"d/1" * 100
    assert bucket.head_object("copy").headers["x-oss-meta-who"] == "me"

    url = bucket.sign_url("GET", names[5], 60, slash_safe=True)
    assert urlopen(url).read() == names[5].encode() * 100
    try:
        urlopen(url.replace(url[-3:], "AAA"))
        raise AssertionError("a wrong signature passed")
    except urllib.error.HTTPError as e:
        assert e.code in (400, 403) and b"<Code>" in e.read()

    big = os.urandom(3 * 1024 * 1024 + 17)
    oss2.resumable_upload(bucket, "big", _file(big), multipart_threshold=1 << 20, part_size=1 << 20, num_threads=2)
    head = bucket.head_object("big")
    assert head.content_length == len(big) and head.etag.endswith("-4") and head.object_type == "Multipart"
    assert bucket.get_object("big").read() == big

    upload = bucket.init_multipart_upload("parts").upload_id
    parts = [oss2.models.PartInfo(n, bucket.upload_part("parts", upload, n, bytes([n]) * 102400).etag) for n in (3, 1, 2)]
    assert [p.part_number for p in oss2.PartIterator(bucket, "parts", upload, max_parts=2)] == [1, 2, 3]
    fails("InvalidPartOrder", bucket.complete_multipart_upload, "parts", upload, [parts[0], parts[0]])
    wrong = [oss2.models.PartInfo(1, parts[0].etag)]
    fails("InvalidPart", bucket.complete_multipart_upload, "parts", upload, wrong)
    bucket.abort_multipart_upload("parts", upload)
    fails("NoSuchUpload", bucket.upload_part, "parts", upload, 1, b"x")
    upload = bucket.init_multipart_upload("small").upload_id
    parts = [oss2.models.PartInfo(n, bucket.upload_part("small", upload, n, b"x").etag) for n in (1, 2)]
    fails("EntityTooSmall", bucket.complete_multipart_upload, "small", upload, parts)
    bucket.abort_multipart_upload("small", upload)

    upload = bucket.init_multipart_upload("joined").upload_id
    parts = [
        oss2.models.PartInfo(1, bucket.upload_part_copy(bucket_name, "big", (0, 102399), "joined", upload, 1).etag),
        oss2.models.PartInfo(2, bucket.upload_part("joined", upload, 2, b"the end").etag),
    ]
    bucket.complete_multipart_upload("joined", upload, parts)
    assert bucket.get_object("joined").read() == bucket.get_object("big", byte_range=(0, 102399)).read() + b"the end"

    first = bucket.append_object("log", 0, b"one, ")
    second = bucket.append_object("log", first.next_position, b"two", init_crc=first.crc)
    assert second.next_position == 8 and bucket.get_object("log").read() == b"one, two"
    assert bucket.head_object("log").object_type == "Appendable"
    fails("PositionNotEqualToLength", bucket.append_object, "log", 5, b"x")
    fails("ObjectNotAppendable", bucket.append_object, "big", 0, b"x")
    bucket.batch_delete_objects(["joined", "log"])
    fails("NotImplemented", bucket.get_bucket_lifecycle)
    fails("BucketNotEmpty", bucket.delete_bucket)
    bucket.delete_object("big")
    bucket.batch_delete_objects(names + ["copy"])
    assert not list(oss2.ObjectIterator(bucket))
    assert bucket_name in [b.name for b in oss2.BucketIterator(oss2.Service(auth, endpoint, region=region, session=session))]
    bucket.delete_bucket()
    fails("NoSuchBucket", bucket.list_objects)


def _file(data):
    import tempfile
    f = tempfile.NamedTemporaryFile(delete=False)
    f.write(data)
    f.close()
    return f.name


life(oss2.Auth(key, secret), "first-version", None)
life(oss2.AuthV4(key, secret), "fourth-version", "cn-hangzhou")
session = oss2.Session()
session.session.trust_env = False
wrong = oss2.Bucket(oss2.Auth(key, secret + "x"), endpoint, "first-version", session=session)
fails("SignatureDoesNotMatch", wrong.get_object, "a")
unknown = oss2.Bucket(oss2.AuthV4("nobody", secret), endpoint, "first-version", region="cn-hangzhou", session=session)
fails("InvalidAccessKeyId", unknown.put_object, "a", io.BytesIO(b"x"))
print("oss: all as it should be")
