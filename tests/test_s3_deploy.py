"""What is deployed from S3: packages of functions, templates, and the AWS CLI's own commands for both."""

import io
import json
import os
import re
import zipfile

import pytest
from errors import refused
from functions import RUNTIME, allow, invoke, policy, zipped

SOURCE = 'def handler(event, context):\n    return "from S3"\n'

TEMPLATE = f"""
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {{Effect: Allow, Principal: {{Service: lambda.amazonaws.com}}, Action: "sts:AssumeRole"}}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: NAME
      Runtime: {RUNTIME}
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Code: CODE
"""


@pytest.fixture
def bucket(server, name):
    server.client("s3").create_bucket(Bucket=name)
    return name


def caller(server, name, *statements):
    """The keys of a user who may do what the statements say."""
    iam = server.client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=policy(*statements))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def test_the_cli_creates_a_function_of_an_object(server, name, bucket, role):
    server.client("s3").put_object(Bucket=bucket, Key="f.zip", Body=zipped(SOURCE))
    create = ["lambda", "create-function", "--function-name", name, "--runtime", RUNTIME, "--role", role]
    create += ["--handler", "index.handler", "--code"]
    server.cli(*create, f"S3Bucket={bucket},S3Key=f.zip")
    assert invoke(server, name)["Json"] == "from S3"
    server.client("s3").put_object(Bucket=bucket, Key="g.zip", Body=zipped(SOURCE.replace("from", "again from")))
    server.cli("lambda", "update-function-code", "--function-name", name, "--s3-bucket", bucket, "--s3-key", "g.zip")
    assert invoke(server, name)["Json"] == "again from S3"
    done = server.cli(*create, f"S3Bucket={bucket},S3Key=none", check=False)
    assert "S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist." in done.stderr


def test_who_may_not_read_the_object_makes_no_function_of_it(server, name, bucket, role):
    server.client("s3").put_object(Bucket=bucket, Key="f.zip", Body=zipped(SOURCE))
    code = {"S3Bucket": bucket, "S3Key": "f.zip"}
    wanted = {"FunctionName": name, "Runtime": RUNTIME, "Role": role, "Handler": "index.handler", "Code": code}
    key, secret = caller(server, name, allow("lambda:*"), allow("iam:PassRole"))
    with refused("InvalidParameterValueException", match="Error occurred while GetObject. S3 Error Code: AccessDenied"):
        server.client("lambda", key, secret).create_function(**wanted)
    other = server.client("lambda", region="eu-west-1")
    with refused(
        "InvalidParameterValueException",
        match="S3 Error Code: PermanentRedirect. S3 Error Message: The bucket is in this region: us-east-1. "
        "Please use this region to retry the request",
    ):
        other.create_function(**wanted)


def test_a_package_larger_than_a_request_comes_from_s3(server, name, bucket, role):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as it:
        it.writestr("index.py", SOURCE)
        it.writestr("data", os.urandom(60 * 1024 * 1024))
    server.client("s3").put_object(Bucket=bucket, Key="big.zip", Body=archive.getvalue())
    functions = server.client("lambda")
    code = {"S3Bucket": bucket, "S3Key": "big.zip"}
    made = functions.create_function(FunctionName=name, Runtime=RUNTIME, Role=role, Handler="index.handler", Code=code)
    assert made["CodeSize"] == len(archive.getvalue())
    assert invoke(server, name)["Json"] == "from S3"


def test_package_and_deploy_put_what_they_need_into_the_bucket(server, name, bucket, tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "index.py").write_text(SOURCE)
    # Larger than a request may be: deploy sends it by way of the bucket.
    padding = "#" * 60_000
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE.replace("NAME", name).replace("CODE", "src"))
    packaged = tmp_path / "packaged.yaml"
    package = ["cloudformation", "package", "--template-file", template, "--s3-bucket", bucket]
    server.cli(*package, "--output-template-file", packaged)
    assert re.search(rf"S3Bucket: {bucket}\n\s+S3Key: [0-9a-f]{{32}}\n", packaged.read_text())
    packaged.write_text(packaged.read_text() + padding)
    deploy = ["cloudformation", "deploy", "--template-file", packaged, "--stack-name", name]
    server.cli(*deploy, "--s3-bucket", bucket, "--capabilities", "CAPABILITY_IAM")
    assert invoke(server, name)["Json"] == "from S3"
    assert padding in server.client("cloudformation").get_template(StackName=name)["TemplateBody"]
    keys = [it["Key"] for it in server.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    assert sum(it.endswith(".template") for it in keys) == 1


def test_templates_are_read_as_the_caller(server, name, bucket):
    body = json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}})
    server.client("s3").put_object(Bucket=bucket, Key="t.json", Body=body)
    url = f"https://{bucket}.s3.us-east-1.amazonaws.com/t.json"
    key, secret = caller(server, name, allow("cloudformation:*"))
    with refused("ValidationError", match="S3 error: Access Denied"):
        server.client("cloudformation", key, secret).validate_template(TemplateURL=url)
    presigned = server.client("s3").generate_presigned_url("get_object", {"Bucket": bucket, "Key": "t.json"})
    for spelling in (url, presigned, f"{server.url}/{bucket}/t.json", f"https://s3.amazonaws.com/{bucket}/t.json"):
        server.client("cloudformation").validate_template(TemplateURL=spelling)
    # A template may lie in another region than its stack.
    other = server.client("cloudformation", region="eu-west-1")
    assert other.get_template_summary(TemplateURL=url)["ResourceTypes"] == ["AWS::SQS::Queue"]
