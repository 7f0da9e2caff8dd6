mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  region             = "eu-north-1"
  availability_zones = ["eu-north-1a", "eu-north-1b"]
  site_image         = "docker.io/someone/polybot@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  worker_image       = "docker.io/someone/yolo5@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
  certificate_arn    = "arn:aws:acm:eu-north-1:123456789012:certificate/1"
  github_repository  = "someone/polybot"
}

# Told apart, since each has its place.
override_resource {
  target = aws_sqs_queue.of["answers"]
  values = { arn = "arn:aws:sqs:eu-north-1:123456789012:answers" }
}

run "by_default" {
  variables {
    alarm_email = "someone@example.org"
  }

  assert {
    condition = toset([for alarm in concat(values(aws_cloudwatch_metric_alarm.of), values(aws_cloudwatch_metric_alarm.silence)) : alarm.alarm_name]) == toset([for name in [
      "5xx-internal", "5xx-public", "cry-RefusedSignatures", "cry-RefusedTokens", "dead-answers", "dead-photos", "dead-photos-bulk",
      "no-site-internal", "no-site-public", "no-worker", "oldest-answers", "oldest-photos", "open", "silent-workers", "webhook",
    ] : "polybot-${name}"])
    error_message = "Whatever needs a person has an alarm."
  }

  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.of), values(aws_cloudwatch_metric_alarm.silence)) : alarm.alarm_actions == toset([aws_sns_topic.alarms.arn])])
    error_message = "Each is told to the topic."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.silence : alarm.treat_missing_data == "breaching"]) && alltrue([for alarm in aws_cloudwatch_metric_alarm.of : alarm.treat_missing_data == "notBreaching"])
    error_message = "Silence is bad where workers are counted, and good elsewhere."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.of : alarm.datapoints_to_alarm <= alarm.evaluation_periods])
    error_message = "An alarm can go off."
  }

  assert {
    condition     = aws_sns_topic_subscription.email[0].endpoint == "someone@example.org" && aws_sns_topic_subscription.email[0].topic_arn == aws_sns_topic.alarms.arn
    error_message = "Whoever is named is written to."
  }

  assert {
    condition = { for side, group in aws_cloudwatch_log_group.of : side => [group.name, group.retention_in_days] } == {
      database = ["/aws/rds/instance/polybot-django/postgresql", 14]
      site     = ["/polybot/site", 14]
      worker   = ["/polybot/worker", 14]
    }
    error_message = "Lines of the log are kept for 14 days."
  }

  assert {
    condition     = { for name, filter in aws_cloudwatch_log_metric_filter.cry : name => filter.metric_transformation[0].namespace } == { RefusedSignatures = "polybot", RefusedTokens = "polybot" }
    error_message = "Cries in the log become metrics."
  }

  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.main.dashboard_body).widgets) == 9 && alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.main.dashboard_body).widgets : length(widget.properties.metrics) > 0])
    error_message = "Each graph shows something."
  }

  assert {
    condition     = length(distinct([for widget in jsondecode(aws_cloudwatch_dashboard.main.dashboard_body).widgets : [widget.x, widget.y]])) == 9
    error_message = "No graph hides another."
  }

  assert {
    condition     = aws_scheduler_schedule.reconcile.schedule_expression == "rate(1 minute)" && aws_scheduler_schedule.reconcile.target[0].arn == aws_sqs_queue.of["answers"].arn
    error_message = "Each minute a message goes to answers."
  }

  assert {
    condition     = jsondecode(aws_scheduler_schedule.reconcile.target[0].input).headers.task == "detection.tasks.reconcile"
    error_message = "It is reconcile."
  }
}
