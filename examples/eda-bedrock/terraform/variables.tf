variable "function_name" {
  description = "Name of the function; its queues, role and log group are named after it."
  type        = string
  default     = "eda-bedrock-consumer"

  validation {
    condition     = can(regex("^[a-zA-Z0-9-]{1,48}$", var.function_name))
    error_message = "The function's name is 1 to 48 letters, digits and hyphens."
  }
}

variable "model_id" {
  description = "A Bedrock model that understands Titan Text's request body."
  type        = string
  default     = "amazon.titan-text-express-v1"
}

variable "runtime" {
  description = "The Lambda runtime."
  type        = string
  default     = "python3.13"
}

variable "function_timeout" {
  description = "Seconds after which an invocation is ended."
  type        = number
  default     = 10
}

variable "visibility_timeout" {
  description = "Seconds for which a received message is hidden; AWS advises six times function_timeout."
  type        = number
  default     = 60

  validation {
    condition     = var.visibility_timeout >= var.function_timeout
    error_message = "Lambda refuses a queue whose visibility timeout is shorter than the function's timeout."
  }
}

variable "log_retention_days" {
  description = "Days for which CloudWatch keeps the function's log."
  type        = number
  default     = 14
}
