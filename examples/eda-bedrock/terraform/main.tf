# Events from SQS, enriched by a model of Amazon Bedrock in a Lambda function, logged in CloudWatch.

data "aws_partition" "current" {}
data "aws_region" "current" {}

resource "aws_sqs_queue" "events" {
  name                       = "${var.function_name}-events"
  visibility_timeout_seconds = var.visibility_timeout
  receive_wait_time_seconds  = 20

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = 3
  })
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${var.function_name}-events-dlq"
  message_retention_seconds = 1209600 # 14 days, the longest that SQS offers
}

# Made here rather than by Lambda on the first invocation, so that it has a retention and goes with the rest.
resource "aws_cloudwatch_log_group" "consumer" {
  name              = "/aws/lambda/${var.function_name}"
  retention_in_days = var.log_retention_days
}

resource "aws_iam_role" "consumer" {
  name               = "${var.function_name}-${data.aws_region.current.region}"
  assume_role_policy = data.aws_iam_policy_document.assumed_by_lambda.json
}

data "aws_iam_policy_document" "assumed_by_lambda" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "read_queue" {
  name   = "read-queue"
  role   = aws_iam_role.consumer.id
  policy = data.aws_iam_policy_document.read_queue.json
}

data "aws_iam_policy_document" "read_queue" {
  statement {
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    resources = [aws_sqs_queue.events.arn]
  }
}

resource "aws_iam_role_policy" "invoke_model" {
  name   = "invoke-model"
  role   = aws_iam_role.consumer.id
  policy = data.aws_iam_policy_document.invoke_model.json
}

data "aws_iam_policy_document" "invoke_model" {
  statement {
    actions = ["bedrock:InvokeModel"]
    resources = [join(":", [
      "arn", data.aws_partition.current.partition, "bedrock", data.aws_region.current.region, "",
      "foundation-model/${var.model_id}",
    ])]
  }
}

resource "aws_iam_role_policy" "write_logs" {
  name   = "write-logs"
  role   = aws_iam_role.consumer.id
  policy = data.aws_iam_policy_document.write_logs.json
}

data "aws_iam_policy_document" "write_logs" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.consumer.arn}:*"]
  }
}

# Zips the source when it is planned, so that no stale lambda.zip can be deployed.
data "archive_file" "handler" {
  type        = "zip"
  source_file = "${path.module}/lambda_src/handler.py"
  output_path = "${path.module}/lambda.zip"
}

resource "aws_lambda_function" "consumer" {
  function_name    = var.function_name
  description      = "Enriches the events of a queue with a model of Amazon Bedrock"
  runtime          = var.runtime
  handler          = "handler.lambda_handler"
  filename         = data.archive_file.handler.output_path
  source_code_hash = data.archive_file.handler.output_base64sha256
  role             = aws_iam_role.consumer.arn
  timeout          = var.function_timeout
  memory_size      = 256

  environment {
    variables = {
      MODEL_ID = var.model_id
    }
  }

  depends_on = [
    aws_cloudwatch_log_group.consumer,
    aws_iam_role_policy.read_queue,
    aws_iam_role_policy.invoke_model,
    aws_iam_role_policy.write_logs,
  ]
}

resource "aws_lambda_event_source_mapping" "events" {
  event_source_arn        = aws_sqs_queue.events.arn
  function_name           = aws_lambda_function.consumer.arn
  batch_size              = 2
  function_response_types = ["ReportBatchItemFailures"]
}
