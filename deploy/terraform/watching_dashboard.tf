locals {
  # Title → the metrics in it, each [namespace, name, dimension, value, …].
  graphs = {
    "Photos that wait" = [for queue in aws_sqs_queue.of : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue.name]]
    "Age of the oldest, seconds" = [
      for queue in aws_sqs_queue.of : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue.name]
    ]
    "Workers" = [
      for metric in ["GroupInServiceInstances", "GroupDesiredCapacity"] :
      ["AWS/AutoScaling", metric, "AutoScalingGroupName", aws_autoscaling_group.worker.name]
    ]
    "Workers' processors, per cent" = [
      ["AWS/EC2", "CPUUtilization", "AutoScalingGroupName", aws_autoscaling_group.worker.name],
      [local.metrics_namespace, "BusyShare"],
    ]
    "Seconds of a photo" = [[local.metrics_namespace, "TaskSeconds", "Task", "detection.tasks.detect_objects"]]
    "Tasks"              = [for metric in ["Done", "Failures", "Redelivered", "Duplicates"] : [local.metrics_namespace, metric]]
    "Dead letters" = [
      for queue in aws_sqs_queue.dead : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue.name]
    ]
    "Calls and errors of the site" = [
      for pair in setproduct(["RequestCount", "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"], values(local.load_balancers)) :
      ["AWS/ApplicationELB", pair[0], "LoadBalancer", pair[1]]
    ]
    "Open, and refused" = [
      for metric in ["OpenPredictions", "WebhookErrors", "RefusedSignatures", "RefusedTokens"] : [local.metrics_namespace, metric]
    ]
  }

  summed = ["Tasks", "Calls and errors of the site"]
}

resource "aws_cloudwatch_dashboard" "main" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = [
      for place, title in keys(local.graphs) : {
        type   = "metric"
        x      = 8 * (place % 3)
        y      = 6 * floor(place / 3)
        width  = 8
        height = 6
        properties = {
          title   = title
          metrics = local.graphs[title]
          region  = var.region
          view    = "timeSeries"
          period  = 60
          stat    = contains(local.summed, title) ? "Sum" : "Maximum"
        }
      }
    ]
  })
}
