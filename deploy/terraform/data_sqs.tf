# Their names, times and limits are those of `python -m detection provision` (taskqueue/config.py).

locals {
  queues = toset(["answers", "photos", "photos-bulk"])
}

resource "aws_sqs_queue" "of" {
  for_each = local.queues

  name                       = "${var.name}-${each.key}"
  visibility_timeout_seconds = 30
  message_retention_seconds  = 4 * 24 * 3600
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead[each.key].arn
    maxReceiveCount     = 20
  })
}

resource "aws_sqs_queue" "dead" {
  for_each = local.queues

  name                      = "${var.name}-${each.key}-dead"
  message_retention_seconds = 14 * 24 * 3600
  sqs_managed_sse_enabled   = true
}
