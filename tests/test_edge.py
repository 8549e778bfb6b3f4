"""What arrives from outside: protocols, signatures, nonsense, browsers, and a machine in a bad state."""

import datetime
import json
import pathlib
import re
import subprocess
import time
import urllib.parse

import pytest
from errors import message, refused, status
from functions import policy
from server import ROOT_ACCOUNT, START_SECONDS, Server, binary
from signing import sign

JSON = {"Content-Type": "application/x-amz-json-1.0"}


# --- bodies that are none


@pytest.mark.parametrize("body", [b"not JSON", b'{"QueueName": "a"', b"[1, 2]", b'{"QueueName": 7}', b"\xff\xfe"])
def test_a_malformed_body_is_a_serialization_error(server, body):
    headers = {**JSON, "X-Amz-Target": "AmazonSQS.CreateQueue"}
    answer = server.signed("POST", "/", body, headers, "sqs")
    assert answer.status == 400
    assert json.loads(answer.body)["__type"].endswith("SerializationException")
    assert answer.headers["x-amzn-requestid"]


@pytest.mark.parametrize("body", [b"[" * 10_000_000, b'{"a":' * 2_000_000, b'{"QueueName":' + b"[" * 10_000_000])
def test_ten_megabytes_of_nesting_are_refused_at_once(server, body):
    headers = {**JSON, "X-Amz-Target": "AmazonSQS.CreateQueue"}
    started = time.monotonic()
    answer = server.signed("POST", "/", body, headers, "sqs")
    assert answer.status in {400, 413}
    assert time.monotonic() - started < 5
    assert server.client("sts").get_caller_identity()["Account"] == ROOT_ACCOUNT


def test_deep_nesting_in_xml_and_in_a_policy_is_refused(server, name):
    statement = '{"a":' * 20_000 + "1" + "}" * 20_000
    with refused("MalformedPolicyDocument", "LimitExceeded", "ValidationError"):
        server.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=statement)


def test_an_unknown_target_is_an_unknown_operation(server):
    answer = server.signed("POST", "/", b"{}", {**JSON, "X-Amz-Target": "AmazonSQS.NoSuchOperation"}, "sqs")
    assert answer.status in {400, 404}
    assert json.loads(answer.body)["__type"].endswith("UnknownOperationException")


def test_an_unknown_action_is_an_invalid_action(server):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = server.signed("POST", "/", b"Action=NoSuchAction&Version=2011-06-15", headers, "sts")
    assert answer.status == 400
    assert "<Code>InvalidAction</Code>" in answer.text
    assert "NoSuchAction" in answer.text


# --- what we lack is refused by name

# Status and wording matter; of the error codes, any that says "not here".
CODES_OF_LACKING = ("NotImplemented", "NotImplementedException", "InternalFailure", "UnsupportedOperation")

LACKING = [
    ("codecommit", "ListRepositories", lambda it: it.list_repositories(), "json"),
    ("cloudsearch", "ListDomainNames", lambda it: it.list_domain_names(), "query"),
    ("backup", "ListBackupVaults", lambda it: it.list_backup_vaults(), "rest-json"),
    ("cloudfront", "ListRealtimeLogConfigs", lambda it: it.list_realtime_log_configs(), "rest-xml"),
    ("ec2", "DescribeFpgaImages", lambda it: it.describe_fpga_images(), "ec2"),
]


@pytest.mark.parametrize(("service", "operation", "call", "protocol"), LACKING, ids=[it[3] for it in LACKING])
def test_an_operation_that_we_lack_is_refused_by_name_in_its_protocol(server, service, operation, call, protocol):
    with refused(*CODES_OF_LACKING) as caught:
        call(server.client(service))
    assert status(caught) == 501
    assert operation in message(caught)
    assert service in message(caught).lower()
    assert caught.value.response["ResponseMetadata"]["RequestId"]


@pytest.mark.parametrize(
    "host", ["foo.example.com", "nosuchservice.us-east-1.amazonaws.com", "nosuchservice.localhost"]
)
def test_an_unknown_host_is_never_taken_for_s3(server, host):
    for path in ("/", "/some/path", "/?Action=Foo"):
        answer = server.http("GET", path, headers={"Host": host})
        assert 400 <= answer.status < 600
        assert "bucket" not in answer.text.lower()


def test_an_unknown_service_in_the_signature_is_named(server):
    answer = server.signed("GET", "/bucket/key", b"", {}, "nosuchservice")
    assert 400 <= answer.status < 600
    assert "nosuchservice" in answer.text
    assert "NoSuchBucket" not in answer.text


def test_an_unknown_service_in_the_target_is_named(server):
    answer = server.http("POST", "/", b"{}", {**JSON, "X-Amz-Target": "NoSuchService_20200101.Do"})
    assert 400 <= answer.status < 600
    assert "NoSuchService_20200101" in answer.text


# --- signatures with real keys


@pytest.fixture
def credentials(server, account, name):
    trust = policy({"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"})
    arn = server.client("iam", key=account).create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    return server.client("sts", key=account).assume_role(RoleArn=arn, RoleSessionName="visit")["Credentials"]


def test_a_presigned_url_works_until_it_expires(server, credentials, name):
    sts = server.client_as("sts", credentials)
    url = sts.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
    target = url.removeprefix(server.url)
    answer = server.http("GET", target)
    assert answer.status == 200, answer.text
    assert f"assumed-role/{name}/visit" in answer.text

    forged = re.sub(r"Signature=[0-9a-f]{64}", "Signature=" + "0" * 64, target)
    answer = server.http("GET", forged)
    assert answer.status == 403
    assert "SignatureDoesNotMatch" in answer.text

    url = sts.generate_presigned_url("get_caller_identity", ExpiresIn=1, HttpMethod="GET")
    time.sleep(2.1)
    answer = server.http("GET", url.removeprefix(server.url))
    assert answer.status == 403
    assert re.search("expired", answer.text, re.IGNORECASE)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_wrong_is_told_so(server, credentials, hours):
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=hours)
    keys = {
        "key": credentials["AccessKeyId"],
        "secret": credentials["SecretAccessKey"],
        "token": credentials["SessionToken"],
        "at": at,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = server.signed("POST", "/", b"Action=GetCallerIdentity&Version=2011-06-15", headers, "sts", **keys)
    wrong = "Signature expired" if hours < 0 else "Signature not yet current"
    assert answer.status == 403
    assert "<Code>SignatureDoesNotMatch</Code>" in answer.text
    assert wrong in answer.text

    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Logs_20140328.DescribeLogGroups"}
    answer = server.signed("POST", "/", b"{}", headers, "logs", **keys)
    assert json.loads(answer.body)["__type"].endswith("InvalidSignatureException")
    assert wrong in answer.text


def test_a_body_that_differs_from_its_signature_is_refused(server, credentials):
    keys = (credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])
    headers = {"Host": urllib.parse.urlsplit(server.url).netloc, "Content-Type": "application/x-www-form-urlencoded"}
    key, secret, token = keys
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    headers = sign("POST", "/", body, headers, service="sts", region="us-east-1", key=key, secret=secret, token=token)
    answer = server.http("POST", "/", body + b"&Extra=1", headers)
    assert answer.status == 403
    assert "SignatureDoesNotMatch" in answer.text


def test_a_request_without_a_signature_is_refused(server):
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    answer = server.http("POST", "/", body, {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 403
    assert "<Code>MissingAuthenticationToken</Code>" in answer.text


# --- browsers


def test_a_browser_may_ask_before_it_calls(server):
    headers = {
        "Origin": "http://localhost:3000",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,x-amz-date,x-amz-target,amz-sdk-request",
    }
    answer = server.http("OPTIONS", "/", headers=headers)
    assert answer.status in {200, 204}
    assert answer.headers["access-control-allow-origin"] in {"*", "http://localhost:3000"}
    assert "POST" in answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"].lower()
    assert allowed == "*" or {"authorization", "x-amz-target"} <= {it.strip() for it in allowed.split(",")}


def test_a_browser_may_read_the_answer(server):
    headers = {**JSON, "X-Amz-Target": "AmazonSQS.ListQueues", "Origin": "http://localhost:3000"}
    answer = server.signed("POST", "/", b"{}", headers, "sqs")
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] in {"*", "http://localhost:3000"}
    assert "x-amzn-requestid" in answer.headers["access-control-expose-headers"].lower()


# --- limits of HTTP


def test_headers_without_end_are_refused(server):
    headers = {f"X-Filler-{index}": "x" * 1000 for index in range(500)}
    try:
        answer = server.http("GET", "/_niebla/health", headers=headers)
        assert answer.status in {400, 431}
    except (ConnectionError, OSError):
        pass  # the connection may be closed before all headers are written
    assert server.http("GET", "/_niebla/health").status == 200


def test_what_is_not_http_is_not_answered_for_long(server):
    connection = server.connect(timeout=10)
    connection.connect()
    connection.sock.sendall(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
    assert b"200" not in connection.sock.recv(100)
    connection.close()


# --- health


def test_health_names_the_version_and_the_services(server):
    answer = server.http("GET", "/_niebla/health")
    assert answer.status == 200
    health = json.loads(answer.body)
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", health["version"])
    services = {"sqs", "iam", "sts", "lambda", "logs", "bedrock-runtime", "cloudformation"}
    assert services <= set(health["services"])
    assert json.loads(server.http("GET", "/_localstack/health").body) == health


# --- a machine in a bad state


def failed_start(*flags):
    done = subprocess.run(
        [binary(), "start", *flags], capture_output=True, text=True, timeout=START_SECONDS, check=False
    )
    assert done.returncode != 0
    assert "panicked" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 6, done.stderr
    return done.stderr


def test_a_port_in_use_is_named(fresh_server, tmp_path):
    address = urllib.parse.urlsplit(fresh_server.url).netloc
    said = failed_start("--listen", address, "--data-dir", str(tmp_path / "data"))
    assert address in said
    assert "in use" in said
    assert fresh_server.http("GET", "/_niebla/health").status == 200


def test_a_data_folder_of_another_process_is_named(fresh_server):
    said = failed_start("--listen", "127.0.0.1:0", "--data-dir", str(fresh_server.data_dir))
    assert str(fresh_server.data_dir) in said
    assert re.search("in use|another|owned", said)
    assert fresh_server.http("GET", "/_niebla/health").status == 200


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    said = failed_start("--listen", "127.0.0.1:0", "--data-dir", str(tmp_path / "file" / "data"))
    assert str(tmp_path / "file") in said


def test_an_unknown_flag_is_a_usage_error(tmp_path):
    assert "--colour" in failed_start("--colour", "grey")


def test_a_full_disk_fails_what_needs_room_and_loses_nothing(tmp_path):
    """The data folder is a file system of 8 MB in a mount namespace of the server's own."""
    if subprocess.run(["unshare", "-Urm", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine does not let its users make namespaces")
    folder = tmp_path / "small"
    folder.mkdir()
    mount = f'mount -t tmpfs -o size=8m none "{folder}" && exec "$@"'
    server = Server(folder / "data", wrapper=["unshare", "-Urm", "sh", "-c", mount, "sh"])
    server.start()
    try:
        sqs = server.client("sqs")
        url = sqs.create_queue(QueueName="full")["QueueUrl"]
        sent = []
        with refused("InternalFailure", "InternalError", "ServiceUnavailable", "InsufficientStorage") as caught:
            for _ in range(1000):
                sent.append(sqs.send_message(QueueUrl=url, MessageBody="x" * 60_000)["MessageId"])
        assert status(caught) >= 500
        assert sent
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
        assert found == {"ApproximateNumberOfMessages": str(len(sent))}
    finally:
        server.kill9()


def test_the_log_has_no_panic(server):
    """Runs last in this file: nothing above may have made a handler panic."""
    assert "panicked" not in pathlib.Path(server.log_path).read_text(errors="replace")
