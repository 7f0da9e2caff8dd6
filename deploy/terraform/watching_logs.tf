locals {
  metrics_namespace = var.name

  # Lines that a person has to see (docs/operations.md), by what they begin with.
  cries = {
    RefusedSignatures = "\"alarm: /results refused\""
    RefusedTokens     = "\"alarm: Telegram refuses\""
  }
}

resource "aws_cloudwatch_log_group" "of" {
  #checkov:skip=CKV_AWS_158:Encrypted by CloudWatch's own key: the log holds ids, and neither names nor captions nor secrets
  #checkov:skip=CKV_AWS_338:A year would break what a person is told after an erasure: 14 days
  for_each = {
    site     = "/${var.name}/site"
    worker   = "/${var.name}/worker"
    database = "/aws/rds/instance/${var.name}-django/postgresql"
  }

  name              = each.value
  retention_in_days = var.log_retention_days
}

# Site and workers both may say them: the site refuses a signature, the worker hears of it.
resource "aws_cloudwatch_log_metric_filter" "cry" {
  for_each = local.cries

  name           = "${var.name}-${each.key}"
  log_group_name = aws_cloudwatch_log_group.of["site"].name
  pattern        = each.value

  metric_transformation {
    namespace     = local.metrics_namespace
    name          = each.key
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}
