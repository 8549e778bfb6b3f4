"""Reads events from a queue, has a model of Amazon Bedrock enrich them, and logs what it said.

Each record's body is an event as JSON, {"id": …, "text": …}. A record that fails is named in
`batchItemFailures`, so that only it returns to the queue, and after three attempts to the
dead-letter queue.
"""

import json
import os

import boto3

MODEL_ID = os.environ["MODEL_ID"]
bedrock = boto3.client("bedrock-runtime")


def lambda_handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            enrich(record)
        except Exception as error:  # one bad record must not take the others back to the queue
            log("ERROR", "failed", messageId=record["messageId"], error=f"{type(error).__name__}: {error}")
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def enrich(record):
    event = json.loads(record["body"])
    answer, tokens = ask(event["text"])
    log("INFO", "enriched", messageId=record["messageId"], id=event["id"], answer=answer, tokens=tokens)


def ask(text):
    """Returns the model's answer and the number of tokens that it took, question included."""
    request = {
        "inputText": f"User: {text}\nBot:",
        "textGenerationConfig": {"maxTokenCount": 256, "temperature": 0, "topP": 1},
    }
    response = bedrock.invoke_model(
        modelId=MODEL_ID,
        contentType="application/json",
        accept="application/json",
        body=json.dumps(request),
    )
    reply = json.loads(response["body"].read())
    result = reply["results"][0]
    return result["outputText"].strip(), reply["inputTextTokenCount"] + result["tokenCount"]


def log(level, message, **fields):
    """One line of JSON, which CloudWatch Logs Insights takes apart by itself."""
    print(json.dumps({"level": level, "message": message, **fields}, ensure_ascii=False))
