"""Bedrock's streams and conversations through boto3 and the AWS CLI, offline and with a model server behind."""

import json

import pytest
from conftest import running
from errors import refused
from functions import allow, create_role, policy
from model_server import serving
from server import eventually

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"
NOVA = "us.amazon.nova-lite-v1:0"
EMBEDDINGS = "amazon.titan-embed-text-v2:0"
TRUST_EVERYBODY = policy({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})


def said(text):
    return [{"role": "user", "content": [{"text": text}]}]


def claude(text):
    messages = [{"role": "user", "content": text}]
    return json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 100, "messages": messages})


@pytest.fixture(scope="module")
def bedrock(server):
    return server.client("bedrock-runtime")


def test_a_conversation(bedrock):
    answer = bedrock.converse(modelId=NOVA, messages=said("Classify the sentiment: I love it."))
    assert answer["output"]["message"]["content"] == [{"text": "Sentiment: positive (love)"}]
    assert answer["stopReason"] == "end_turn"
    assert answer["usage"]["totalTokens"] == answer["usage"]["inputTokens"] + answer["usage"]["outputTokens"]


def test_a_streamed_conversation(bedrock):
    events = list(bedrock.converse_stream(modelId=NOVA, messages=said("Keywords: fog, tide, boats"))["stream"])
    assert [next(iter(it)) for it in events[-3:]] == ["contentBlockStop", "messageStop", "metadata"]
    texts = [it["contentBlockDelta"]["delta"]["text"] for it in events if "contentBlockDelta" in it]
    assert "".join(texts) == "fog, tide, boats"
    assert events[-1]["metadata"]["usage"]["outputTokens"] > 0


def test_a_streamed_answer_of_a_model(bedrock):
    answer = bedrock.invoke_model_with_response_stream(modelId=HAIKU, body=claude("Keywords: fog, tide, boats"))
    assert answer["contentType"] == "application/json"
    chunks = [json.loads(it["chunk"]["bytes"]) for it in answer["body"]]
    assert chunks[0]["message"]["model"] == "niebla-offline"
    assert "".join(it.get("delta", {}).get("text", "") for it in chunks) == "fog, tide, boats"
    assert chunks[-1]["amazon-bedrock-invocationMetrics"]["outputTokenCount"] > 0


def test_tokens_are_counted_everywhere(bedrock):
    request = {"converse": {"messages": said("fog at night")}}
    assert bedrock.count_tokens(modelId=HAIKU, input=request)["inputTokens"] == 3
    for model, body in [
        (HAIKU, claude("Keywords: fog")),
        ("meta.llama3-8b-instruct-v1:0", json.dumps({"prompt": "Keywords: fog"})),
        ("mistral.mistral-7b-instruct-v0:2", json.dumps({"prompt": "Keywords: fog"})),
        ("amazon.nova-lite-v1:0", json.dumps({"messages": said("Keywords: fog")})),
    ]:
        headers = bedrock.invoke_model(modelId=model, body=body)["ResponseMetadata"]["HTTPHeaders"]
        assert int(headers["x-amzn-bedrock-input-token-count"]) == 4, model
        assert int(headers["x-amzn-bedrock-output-token-count"]) == 1, model


def test_embeddings(bedrock):
    def vector(text):
        answer = bedrock.invoke_model(modelId=EMBEDDINGS, body=json.dumps({"inputText": text, "dimensions": 512}))
        assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-bedrock-input-token-count"].isdigit()
        return json.loads(answer["body"].read())["embedding"]

    def nearness(one, two):
        return sum(a * b for a, b in zip(vector(one), vector(two), strict=True))

    question = "When does the ferry leave?"
    assert nearness(question, "The ferry leaves at nine") > nearness(question, "The museum is closed on Mondays") + 0.2


def test_errors_before_a_stream_are_errors(bedrock):
    with refused("ValidationException", match="The provided model identifier is invalid"):
        bedrock.converse_stream(modelId="amazon.no-such-model-v1", messages=said("a"))


def test_the_command_line(server):
    text = json.dumps(said("Classify the sentiment: I love it."))
    done = server.cli("bedrock-runtime", "converse", "--model-id", NOVA, "--messages", text)
    assert "positive" in json.loads(done.stdout)["output"]["message"]["content"][0]["text"]


def test_foundation_models(server):
    bedrock = server.client("bedrock")
    models = bedrock.list_foundation_models(byProvider="Anthropic", byOutputModality="TEXT")["modelSummaries"]
    assert HAIKU in [it["modelId"] for it in models]
    assert bedrock.get_foundation_model(modelIdentifier=HAIKU)["modelDetails"]["providerName"] == "Anthropic"
    with refused("ResourceNotFoundException", match="Could not resolve the foundation model"):
        bedrock.get_foundation_model(modelIdentifier="amazon.no-such-model-v1")


@pytest.fixture
def behind():
    """A model server, and a Niebla that asks it."""
    with serving() as models:
        flags = ("--ephemeral", "--model-server", models.url, "--models", f"anthropic.*=chat,{EMBEDDINGS}=vectors")
        with running(*flags) as niebla:
            yield models, niebla


def test_a_model_server_answers(behind):
    models, niebla = behind
    bedrock = niebla.client("bedrock-runtime")
    answer = bedrock.converse(modelId=HAIKU, messages=said("Hello"), system=[{"text": "Be kind."}])
    assert answer["output"]["message"]["content"] == [{"text": "You said: Hello"}]
    assert answer["usage"] == {"inputTokens": 11, "outputTokens": 5, "totalTokens": 16}
    path, body = models.asked[-1]
    assert path == "/v1/chat/completions"
    assert body["model"] == "chat"
    assert [it["role"] for it in body["messages"]] == ["system", "user"]
    answer = bedrock.invoke_model(modelId=EMBEDDINGS, body=json.dumps({"inputText": "a", "dimensions": 256}))
    vector = json.loads(answer["body"].read())["embedding"]
    assert (vector[:3], len(vector)) == ([0.6, 0.8, 0.0], 256)
    with refused("ThrottlingException", match="Too much at once"):
        bedrock.converse(modelId=HAIKU, messages=said("fail with 429"))


def test_a_model_server_that_fails_is_told_as_the_model_that_fails(behind):
    bedrock = behind[1].client("bedrock-runtime")
    failed, late = "fail with 500", "fail with 504"
    with refused("ModelErrorException"):
        bedrock.converse(modelId=HAIKU, messages=said(failed))
    with refused("ModelTimeoutException"):
        bedrock.converse(modelId=HAIKU, messages=said(late))
    with refused("ModelErrorException"):
        bedrock.converse_stream(modelId=HAIKU, messages=said(failed))
    with refused("ModelTimeoutException"):
        bedrock.converse_stream(modelId=HAIKU, messages=said(late))
    with refused("ModelErrorException"):
        bedrock.invoke_model(modelId=HAIKU, body=claude(failed))
    with refused("ModelTimeoutException"):
        bedrock.invoke_model(modelId=HAIKU, body=claude(late))
    with refused("ModelErrorException"):
        bedrock.invoke_model_with_response_stream(modelId=HAIKU, body=claude(failed))
    with refused("ModelTimeoutException"):
        bedrock.invoke_model_with_response_stream(modelId=HAIKU, body=claude(late))


def test_who_may_not_ask_is_refused(server, name):
    arn = create_role(server, name, allow("sqs:*"))
    server.client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=TRUST_EVERYBODY)
    credentials = server.client("sts").assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
    runtime, models = (server.client_as(it, credentials) for it in ("bedrock-runtime", "bedrock"))
    with refused("AccessDeniedException"):
        runtime.converse(modelId=HAIKU, messages=said("Hello"))
    with refused("AccessDeniedException"):
        runtime.converse_stream(modelId=HAIKU, messages=said("Hello"))
    with refused("AccessDeniedException"):
        runtime.invoke_model(modelId=HAIKU, body=claude("Hello"))
    with refused("AccessDeniedException"):
        runtime.invoke_model_with_response_stream(modelId=HAIKU, body=claude("Hello"))
    with refused("AccessDeniedException"):
        runtime.count_tokens(modelId=HAIKU, input={"converse": {"messages": said("Hello")}})
    with refused("AccessDeniedException"):
        models.get_foundation_model(modelIdentifier=HAIKU)
    with refused("AccessDeniedException"):
        models.list_foundation_models()


def test_a_body_that_is_none_streams_nothing(bedrock):
    with refused("ValidationException"):
        bedrock.invoke_model_with_response_stream(modelId=HAIKU, body="{}")


def test_a_stream_comes_as_it_is_made(behind):
    models, niebla = behind
    bedrock = niebla.client("bedrock-runtime")
    stream = iter(bedrock.converse_stream(modelId=HAIKU, messages=said("one two three"))["stream"])
    assert next(stream) == {"messageStart": {"role": "assistant"}}
    for number, word in enumerate(["one ", "two ", "three "]):
        if number:
            models.go_on.release()
        assert next(stream)["contentBlockDelta"]["delta"]["text"] == word
    assert [next(iter(it)) for it in stream] == ["contentBlockStop", "messageStop", "metadata"]


def test_whoever_goes_away_ends_the_call(behind):
    models, niebla = behind
    bedrock = niebla.client("bedrock-runtime")
    stream = bedrock.converse_stream(modelId=HAIKU, messages=said("word " * 1_000))["stream"]
    next(iter(stream))
    stream.close()

    def gone():
        models.go_on.release()
        return models.left.is_set()

    eventually(gone)


def test_a_model_server_out_of_reach_is_named():
    flags = ("--ephemeral", "--model-server", "http://127.0.0.1:1/v1", "--models", "*=any")
    sentence = "http://127.0.0.1:1/v1/chat/completions was refused"
    with running(*flags) as niebla, refused("ServiceUnavailableException", match=sentence):
        niebla.client("bedrock-runtime").converse(modelId=HAIKU, messages=said("Hello"))
