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

run "by_default" {
  assert {
    condition     = aws_autoscaling_group.worker.name == "polybot-worker" && aws_autoscaling_group.worker.launch_template[0].version == "$Default"
    error_message = "The group runs whatever version is the default: the roll's."
  }

  assert {
    condition     = aws_autoscaling_group.worker.min_size == 2 && aws_autoscaling_group.worker.max_size == 4 && aws_autoscaling_group.worker.default_instance_warmup == 120
    error_message = "It has two to four workers, which count after their warm-up."
  }

  assert {
    condition     = contains(aws_autoscaling_group.worker.enabled_metrics, "GroupInServiceInstances")
    error_message = "The backlog's policy divides by this metric, which is off by default."
  }

  assert {
    condition     = { for tag in aws_autoscaling_group.worker.tag : tag.key => tag.value if tag.propagate_at_launch } == { Name = "polybot-worker", Service = "polybot", Side = "worker" }
    error_message = "Workers are found by their tags."
  }

  assert {
    condition     = aws_autoscaling_lifecycle_hook.drain.name == "polybot-worker-drain" && aws_autoscaling_lifecycle_hook.drain.lifecycle_transition == "autoscaling:EC2_INSTANCE_TERMINATING"
    error_message = "An instance that goes waits for its worker."
  }

  assert {
    condition     = aws_autoscaling_lifecycle_hook.drain.heartbeat_timeout > 110 && aws_autoscaling_lifecycle_hook.drain.default_result == "CONTINUE"
    error_message = "It waits longer than a drain takes, and not for ever."
  }

  assert {
    condition     = aws_launch_template.worker.instance_type == "t3.medium" && length(aws_launch_template.worker.instance_market_options) == 0
    error_message = "By default they are on-demand."
  }

  assert {
    condition     = aws_launch_template.worker.metadata_options[0].http_tokens == "required" && aws_launch_template.worker.metadata_options[0].http_put_response_hop_limit == 2
    error_message = "Their metadata takes tokens, and the container, which hears of its end there, reaches it."
  }

  assert {
    condition     = aws_launch_template.worker.block_device_mappings[0].ebs[0].encrypted == "true" && aws_launch_template.worker.key_name == null
    error_message = "Their disks are encrypted, and nobody has a key for SSH."
  }

  assert {
    condition     = aws_launch_template.worker.update_default_version
    error_message = "What Terraform changes becomes the default."
  }

  assert {
    condition     = aws_autoscaling_policy.cpu.target_tracking_configuration[0].target_value == 60 && aws_autoscaling_policy.cpu.target_tracking_configuration[0].predefined_metric_specification[0].predefined_metric_type == "ASGAverageCPUUtilization"
    error_message = "Processors are kept at 60 %."
  }

  assert {
    condition     = aws_launch_template.worker.monitoring[0].enabled
    error_message = "CPU comes each minute: every five, an alarm of three periods would take a quarter of an hour."
  }

  assert {
    condition     = aws_autoscaling_policy.backlog.target_tracking_configuration[0].target_value == 200
    error_message = "200 photos may wait for each worker."
  }

  assert {
    condition     = strcontains(local.worker_user_data, "CELERY_WORKER_CONCURRENCY=12\n") && !strcontains(local.site_user_data, "CELERY_WORKER_CONCURRENCY")
    error_message = "A worker has twelve processes, and the site none."
  }

  assert {
    condition     = alltrue([for policy in [aws_autoscaling_policy.cpu, aws_autoscaling_policy.backlog] : policy.target_tracking_configuration[0].disable_scale_in != true])
    error_message = "Both policies take workers away, too."
  }

  assert {
    condition     = one([for metric in aws_autoscaling_policy.backlog.target_tracking_configuration[0].customized_metric_specification[0].metrics : metric.expression if metric.return_data]) == "(photos + bulk) / IF(workers > 0, workers, 1)"
    error_message = "The other one follows what waits for each worker, and never divides by none."
  }

  assert {
    condition = {
      for metric in aws_autoscaling_policy.backlog.target_tracking_configuration[0].customized_metric_specification[0].metrics :
      metric.id => one(metric.metric_stat[0].metric[0].dimensions).value if !metric.return_data
    } == { bulk = "polybot-photos-bulk", photos = "polybot-photos", workers = "polybot-worker" }
    error_message = "Both queues of photos count."
  }

  assert {
    condition     = length(local.worker_user_data) < 16384 && base64decode(aws_launch_template.worker.user_data) == local.worker_user_data
    error_message = "EC2 takes 16 KB of user data."
  }

  assert {
    condition     = [for line in split("\n", local.worker_user_data) : line if startswith(line, "IMAGE=")] == ["IMAGE=${var.worker_image}"]
    error_message = "One line names the image: the one that the roll replaces."
  }

  assert {
    condition     = strcontains(local.worker_user_data, "RESULTS_URL=http://${aws_lb.internal.dns_name}/results\n") && strcontains(local.worker_user_data, "METRICS_NAMESPACE=polybot\n")
    error_message = "Results go to the internal load balancer, metrics into our namespace."
  }

  assert {
    condition     = !strcontains(local.worker_user_data, "telegram-token") && !strcontains(local.worker_user_data, "django") && !strcontains(local.worker_user_data, "DATABASE")
    error_message = "A worker is told of no token, no Django and no database."
  }
}

run "another_setting" {
  variables {
    worker_concurrency = 4
  }

  assert {
    condition     = strcontains(base64decode(aws_launch_template.worker.user_data), "CELERY_WORKER_CONCURRENCY=12\n")
    error_message = "Terraform leaves user data to the roll, so a setting in it is not followed."
  }
}

run "another_setting_and_the_template_anew" {
  variables {
    worker_concurrency = 4
  }

  plan_options {
    replace = [aws_launch_template.worker]
  }

  assert {
    condition     = strcontains(base64decode(aws_launch_template.worker.user_data), "CELERY_WORKER_CONCURRENCY=4\n") && aws_autoscaling_group.worker.launch_template[0].id == aws_launch_template.worker.id
    error_message = "A template that is made anew has it, and the group launches from that one."
  }
}

run "image_was_rolled_and_spot" {
  variables {
    worker_image         = "docker.io/someone/yolo5@sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
    worker_spot          = true
    worker_instance_type = "c7g.large"
  }

  assert {
    condition     = strcontains(base64decode(aws_launch_template.worker.user_data), "IMAGE=docker.io/someone/yolo5@sha256:bbbb")
    error_message = "Terraform leaves the image to the roll."
  }

  assert {
    condition     = aws_launch_template.worker.instance_market_options[0].market_type == "spot" && aws_autoscaling_group.worker.capacity_rebalance
    error_message = "Spot instances are replaced when they are about to be taken."
  }

  assert {
    condition     = one([for filter in data.aws_ami.linux["worker"].filter : one(filter.values) if filter.name == "architecture"]) == "arm64"
    error_message = "A Graviton type starts from an image for arm64."
  }
}
