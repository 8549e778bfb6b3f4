"""Bedrock Runtime: InvokeModel with Titan Text, answered by the built-in offline model."""

import json

import pytest
from errors import refused

TITAN = "amazon.titan-text-express-v1"


@pytest.fixture(scope="module")
def bedrock(server):
    return server.client("bedrock-runtime")


def ask(bedrock, text, model=TITAN, **config):
    request = {"inputText": text}
    if config:
        request["textGenerationConfig"] = config
    return bedrock.invoke_model(modelId=model, body=json.dumps(request))


def test_titan_text_answers_with_its_documented_fields(bedrock):
    answer = ask(bedrock, "User: What is fog?\nBot:", maxTokenCount=100, temperature=0, topP=1)
    assert answer["contentType"] == "application/json"
    reply = json.loads(answer["body"].read())
    assert set(reply) == {"inputTextTokenCount", "results"}
    assert reply["inputTextTokenCount"] > 0
    [result] = reply["results"]
    assert set(result) == {"tokenCount", "outputText", "completionReason"}
    assert 0 < result["tokenCount"] <= 100
    assert result["outputText"].strip()
    assert result["completionReason"] in {"FINISH", "FINISHED", "LENGTH"}

    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amzn-bedrock-input-token-count"] == str(reply["inputTextTokenCount"])
    assert headers["x-amzn-bedrock-output-token-count"] == str(result["tokenCount"])


def test_the_same_question_has_the_same_answer(bedrock):
    one, two = (ask(bedrock, "What is fog?", temperature=0)["body"].read() for _ in range(2))
    assert one == two
    assert ask(bedrock, "What is rain?", temperature=0)["body"].read() != one


def test_an_answer_ends_at_the_token_limit(bedrock):
    [result] = json.loads(ask(bedrock, "Tell me all about fog.", maxTokenCount=3)["body"].read())["results"]
    assert result["tokenCount"] <= 3
    assert result["completionReason"] == "LENGTH"


def test_a_model_that_does_not_exist(bedrock):
    with refused("ValidationException", match="The provided model identifier is invalid"):
        ask(bedrock, "hello", model="amazon.no-such-model-v1")


@pytest.mark.parametrize(
    "body",
    [
        "not JSON",
        "[]",
        "{}",
        '{"inputText": 7}',
        '{"inputText": "hello", "colour": "grey"}',
        '{"inputText": "hello", "textGenerationConfig": {"temperature": 2}}',
        '{"inputText": "hello", "textGenerationConfig": {"maxTokenCount": -1}}',
        '{"inputText": "hello", "textGenerationConfig": {"maxTokenCount": 8193}}',
    ],
)
def test_a_malformed_body_is_refused(bedrock, body):
    with refused("ValidationException", match="Malformed input request|could not be parsed|Malformed"):
        bedrock.invoke_model(modelId=TITAN, body=body)
