"""What the scripts share: where the cloud is, and how to wait for it."""
import os
import time

ENDPOINT = os.environ["FC_ENDPOINT"]
ACCOUNT = os.environ["FC_ACCOUNT_ID"]
KEY = os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"]
SECRET = os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"]
REGION = os.environ["FC_REGION"]


def refused(code, call):
    """call must be refused with the code of an error of the API."""
    try:
        call()
    except Exception as e:
        assert code in (getattr(e, "code", None) or str(e)) or code in str(e), f"{code} was expected, not {e!r}"
        return
    raise AssertionError(f"{code} was expected, and it went through")


def eventually(read, good, within=60):
    """read until what it gives is good."""
    end = time.monotonic() + within
    while True:
        value = read()
        if good(value):
            return value
        assert time.monotonic() < end, f"still {value}"
        time.sleep(0.05)
