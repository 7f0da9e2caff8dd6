# Once a minute `reconcile`, as a message that a worker takes for Celery's. A minute that is missed is made good by the next one.

resource "aws_scheduler_schedule" "reconcile" {
  #checkov:skip=CKV_AWS_297:The message is public: it is a file of this repository
  name                = "${var.name}-reconcile"
  schedule_expression = "rate(1 minute)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_sqs_queue.of["answers"].arn
    role_arn = aws_iam_role.schedule.arn
    input    = file("${path.module}/../templates/reconcile.json")

    retry_policy {
      maximum_retry_attempts       = 0
      maximum_event_age_in_seconds = 60
    }
  }

  depends_on = [aws_iam_role_policy.schedule]
}

data "aws_iam_policy_document" "schedule_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

data "aws_iam_policy_document" "schedule" {
  statement {
    sid       = "SendReconcile"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.of["answers"].arn]
  }
}

resource "aws_iam_role" "schedule" {
  name               = "${var.name}-schedule"
  description        = "EventBridge, which sends reconcile each minute"
  assume_role_policy = data.aws_iam_policy_document.schedule_trust.json
}

resource "aws_iam_role_policy" "schedule" {
  name   = "schedule"
  role   = aws_iam_role.schedule.id
  policy = data.aws_iam_policy_document.schedule.json
}
