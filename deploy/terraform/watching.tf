# Each alarm says in its description what to do first. "notBreaching" where silence is good, "breaching" where it is the very thing to hear of.

locals {
  load_balancers = { public = aws_lb.public.arn_suffix, internal = aws_lb.internal.arn_suffix }

  alarms = merge(
    { for queue in ["photos", "answers"] : "oldest-${queue}" => {
      about      = "The oldest message of ${queue} waits for over ten minutes. Are workers up, and do they log errors?"
      namespace  = "AWS/SQS"
      metric     = "ApproximateAgeOfOldestMessage"
      dimensions = { QueueName = aws_sqs_queue.of[queue].name }
      above      = 600
      minutes    = 3
    } },
    { for queue in local.queues : "dead-${queue}" => {
      about      = "${queue} has dead letters. docs/operations.md, Dead letters"
      namespace  = "AWS/SQS"
      metric     = "ApproximateNumberOfMessagesVisible"
      dimensions = { QueueName = aws_sqs_queue.dead[queue].name }
      above      = 0
      minutes    = 1
    } },
    { for side, suffix in local.load_balancers : "5xx-${side}" => {
      about      = "The site answers the ${side} load balancer with errors. Its log says which; /readyz says whether AWS answers it"
      namespace  = "AWS/ApplicationELB"
      metric     = "HTTPCode_Target_5XX_Count"
      dimensions = { LoadBalancer = suffix }
      statistic  = "Sum"
      above      = 10
      minutes    = 3
    } },
    { for side, suffix in local.load_balancers : "no-site-${side}" => {
      about      = "The ${side} load balancer has no site that is ready, and answers 5xx itself"
      namespace  = "AWS/ApplicationELB"
      metric     = "HTTPCode_ELB_5XX_Count"
      dimensions = { LoadBalancer = suffix }
      statistic  = "Sum"
      above      = 10
      minutes    = 3
    } },
    { for metric, about in {
      RefusedSignatures = "/results refuses signatures: the keys or the clocks of site and workers differ. docs/operations.md, Rotating RESULTS_KEYS"
      RefusedTokens     = "Telegram refuses the bot's token. Put the right one into its secret"
      } : "cry-${metric}" => {
      about      = about
      namespace  = local.metrics_namespace
      metric     = metric
      dimensions = {}
      statistic  = "Sum"
      above      = 0
      minutes    = 1
    } },
    {
      webhook = {
        about      = "Telegram has updates that it could not deliver: set_webhook --show says why"
        namespace  = local.metrics_namespace
        metric     = "WebhookErrors"
        dimensions = {}
        above      = 0
        minutes    = 15
      }
      open = {
        about      = "More predictions are open than worker_max workers hold at the backlog that they are scaled by. Raise it, or look at what holds them up"
        namespace  = local.metrics_namespace
        metric     = "OpenPredictions"
        dimensions = {}
        above      = var.worker_max * var.backlog_target
        minutes    = 15
      }
    },
  )
}

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:With the key that SNS has of its own, CloudWatch may not publish here, and says so nowhere; an alarm holds no secret
  name = "${var.name}-alarms"
}

resource "aws_sns_topic_subscription" "email" {
  count = var.alarm_email == "" ? 0 : 1

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

resource "aws_cloudwatch_metric_alarm" "of" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.about
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = lookup(each.value, "statistic", "Maximum")
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  period              = 60
  evaluation_periods  = each.value.minutes
  datapoints_to_alarm = each.value.minutes == 15 ? 2 : each.value.minutes # polybot-watch speaks every five minutes
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# Those that silence sets off, too: instances in service may have a container that dies at each start, which EC2 takes for healthy.
resource "aws_cloudwatch_metric_alarm" "silence" {
  for_each = {
    no-worker = {
      about      = "No worker is in service. The group's activity history says why none starts"
      namespace  = "AWS/AutoScaling"
      metric     = "GroupInServiceInstances"
      dimensions = { AutoScalingGroupName = aws_autoscaling_group.worker.name }
      statistic  = "Minimum"
    }
    silent-workers = {
      about      = "No worker has told of itself for five minutes, which each does every minute. Its log says why its container does not start"
      namespace  = local.metrics_namespace
      metric     = "BusyShare"
      dimensions = {}
      statistic  = "SampleCount"
    }
  }

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.about
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}
