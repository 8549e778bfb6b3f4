"""What AWS refuses, as an assertion."""

import contextlib

import botocore.exceptions
import pytest


@contextlib.contextmanager
def refused(*codes, match=None):
    """The block fails with one of these error codes and with `match`, a regular expression, in its message."""
    with pytest.raises(botocore.exceptions.ClientError, match=match) as caught:
        yield caught
    code = caught.value.response["Error"]["Code"]
    assert code in codes, f"{code} instead of {' or '.join(codes)}: {caught.value}"


def status(caught):
    return caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


def message(caught):
    return caught.value.response["Error"]["Message"]
