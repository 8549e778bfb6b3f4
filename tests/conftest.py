"""Fixtures of the black-box tests. `NIEBLA_BIN` names the binary that they drive."""

import contextlib
import itertools
import pathlib
import subprocess
import sys
import tempfile
import uuid

import node
import pytest
from functions import create_role
from server import Server, adopt_orphans

ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def _orphans_are_seen():
    adopt_orphans()


@contextlib.contextmanager
def running(*flags, **options):
    with tempfile.TemporaryDirectory(prefix="niebla-test-") as folder:
        server = Server(pathlib.Path(folder) / "data", *flags, **options).start()
        try:
            yield server
        finally:
            if server.running:
                server.stop()


@pytest.fixture(scope="session")
def server():
    """One server for all tests that keep to their own names."""
    with running() as it:
        yield it


@pytest.fixture
def fresh_server():
    """A server of the test's own, which it may stop, kill and fill."""
    with running() as it:
        yield it


@pytest.fixture
def name():
    """A name that no other test uses."""
    return f"t-{uuid.uuid4().hex[:12]}"


_accounts = itertools.count(100_000_000_001)


@pytest.fixture
def account():
    """The id of an account that no other test uses; as an access key id it is that account's root."""
    return str(next(_accounts))


@pytest.fixture
def queue(server, name):
    """The URL of a queue with AWS's defaults."""
    return server.client("sqs").create_queue(QueueName=name)["QueueUrl"]


@pytest.fixture(scope="session")
def logs(server):
    return server.client("logs")


@pytest.fixture
def group(logs, name):
    """A log group with the stream `one`."""
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="one")
    return name


@pytest.fixture
def s3(server):
    return server.client("s3")


@pytest.fixture
def bucket(s3, name):
    """The name of an empty bucket with AWS's defaults."""
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="session")
def role(server):
    """The ARN of a role that Lambda may assume and that may do everything."""
    return create_role(server, "lambda-may-do-everything")


@pytest.fixture(scope="session")
def aws2():
    """The path of version 2 of the AWS CLI."""
    home = pathlib.Path(sys.prefix).parent / ".cache" / "aws2"
    done = subprocess.run([ROOT / "tests" / "aws2", home], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"version 2 of the AWS CLI cannot be had here: {done.stderr.strip()[-200:]}")
    return done.stdout.strip()


@pytest.fixture(scope="session")
def node_home():
    """Where programs in JavaScript find their packages."""
    try:
        return node.folder()
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"the packages of tests/node/package.json cannot be had here: {error}")
