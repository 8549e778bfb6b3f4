output "queue_url" {
  description = "Send events here."
  value       = aws_sqs_queue.events.url
}

output "dead_letter_queue_url" {
  description = "What failed three times."
  value       = aws_sqs_queue.dead_letters.url
}

output "function_name" {
  description = "The function that enriches the events."
  value       = aws_lambda_function.consumer.function_name
}

output "log_group_name" {
  description = "Where the function logs its answers."
  value       = aws_cloudwatch_log_group.consumer.name
}
