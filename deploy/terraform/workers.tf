locals {
  worker_user_data = templatefile("${path.module}/../templates/worker.sh.tftpl", {
    name      = var.name
    region    = var.region
    image     = var.worker_image
    log_group = aws_cloudwatch_log_group.of["worker"].name
    environment = merge(local.shared_environment, {
      RESULTS_URL               = "http://${aws_lb.internal.dns_name}/results"
      METRICS_NAMESPACE         = local.metrics_namespace
      CELERY_WORKER_CONCURRENCY = tostring(var.worker_concurrency) # celery's own name for --concurrency
    })
  })
}

resource "aws_launch_template" "worker" {
  #checkov:skip=CKV_AWS_341:The worker is in a container on Docker's own network, one hop further away, and reads of its instance's end there
  #checkov:skip=CKV_AWS_88:Workers reach SQS and the registry by addresses of their own; their security group lets nobody in
  name                   = "${var.name}-worker"
  image_id               = var.ami != "" ? var.ami : data.aws_ami.linux["worker"].id
  instance_type          = var.worker_instance_type
  user_data              = base64encode(local.worker_user_data)
  update_default_version = true # the group runs $Default

  iam_instance_profile {
    name = aws_iam_instance_profile.worker.name
  }

  network_interfaces {
    associate_public_ip_address = true
    delete_on_termination       = true
    security_groups             = [aws_security_group.of["worker"].id]
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 2 # a container on Docker's own network is one hop further away
  }

  monitoring {
    enabled = true # CPU each minute instead of every five: what scaling follows
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_type           = "gp3"
      volume_size           = 16
      encrypted             = "true"
      delete_on_termination = "true"
    }
  }

  dynamic "instance_market_options" {
    for_each = var.worker_spot ? ["spot"] : []

    content {
      market_type = instance_market_options.value
    }
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "volume"])

    content {
      resource_type = tag_specifications.value
      tags          = { Name = "${var.name}-worker", Service = var.name, Side = "worker" }
    }
  }

  lifecycle {
    # The image in the user data is the roll's, which makes each of its versions the default, and says in the description where it came from. Here only the
    # first is written.
    ignore_changes = [user_data, image_id, description]
  }
}

resource "aws_autoscaling_group" "worker" {
  name                    = "${var.name}-worker"
  min_size                = var.worker_min
  max_size                = var.worker_max
  vpc_zone_identifier     = [for subnet in aws_subnet.public : subnet.id]
  health_check_type       = "EC2"
  default_instance_warmup = var.worker_warmup_seconds
  capacity_rebalance      = var.worker_spot
  enabled_metrics         = ["GroupInServiceInstances", "GroupDesiredCapacity"]
  termination_policies    = ["OldestLaunchTemplate", "ClosestToNextInstanceHour"]
  # Without this, `terraform destroy` waits for the hook of each instance.
  force_delete = !var.protected

  launch_template {
    id      = aws_launch_template.worker.id
    version = "$Default"
  }

  dynamic "tag" {
    for_each = { Name = "${var.name}-worker", Service = var.name, Side = "worker" }

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  lifecycle {
    ignore_changes = [desired_capacity] # the scaling policies'
  }

  depends_on = [aws_iam_role_policy.worker]
}

# An instance that is to go waits for its worker, which gives back what it has not begun, ends what it has, and then completes this.
resource "aws_autoscaling_lifecycle_hook" "drain" {
  name                   = "${var.name}-worker-drain"
  autoscaling_group_name = aws_autoscaling_group.worker.name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"
  heartbeat_timeout      = 180 # a drain takes 110 s at most; after this the instance goes in any case
  default_result         = "CONTINUE"
}

# Of two policies the one that asks for more wins; scaling in takes both.
resource "aws_autoscaling_policy" "cpu" {
  name                   = "${var.name}-worker-cpu"
  autoscaling_group_name = aws_autoscaling_group.worker.name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = var.cpu_target

    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}

resource "aws_autoscaling_policy" "backlog" {
  name                   = "${var.name}-worker-backlog"
  autoscaling_group_name = aws_autoscaling_group.worker.name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = var.backlog_target

    customized_metric_specification {
      metrics {
        id          = "backlog"
        label       = "Photos that wait for each worker"
        expression  = "(photos + bulk) / IF(workers > 0, workers, 1)"
        return_data = true
      }

      dynamic "metrics" {
        for_each = { photos = "photos", bulk = "photos-bulk" }

        content {
          id          = metrics.key
          return_data = false

          metric_stat {
            stat = "Average"

            metric {
              namespace   = "AWS/SQS"
              metric_name = "ApproximateNumberOfMessagesVisible"

              dimensions {
                name  = "QueueName"
                value = aws_sqs_queue.of[metrics.value].name
              }
            }
          }
        }
      }

      metrics {
        id          = "workers"
        return_data = false

        metric_stat {
          stat = "Average"

          metric {
            namespace   = "AWS/AutoScaling"
            metric_name = "GroupInServiceInstances"

            dimensions {
              name  = "AutoScalingGroupName"
              value = aws_autoscaling_group.worker.name
            }
          }
        }
      }
    }
  }
}
