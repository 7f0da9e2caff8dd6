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
  target = aws_lb_target_group.site["public"]
  values = { arn = "arn:aws:elasticloadbalancing:eu-north-1:123456789012:targetgroup/public/1" }
}

override_resource {
  target = aws_lb_target_group.site["internal"]
  values = { arn = "arn:aws:elasticloadbalancing:eu-north-1:123456789012:targetgroup/internal/1" }
}

run "by_default" {
  assert {
    condition     = aws_lb.public.internal == false && aws_lb.public.security_groups == toset([aws_security_group.of["public"].id])
    error_message = "The public load balancer faces the internet, behind the security group that lets Telegram in."
  }

  assert {
    condition     = aws_lb_listener.public[0].protocol == "HTTPS" && aws_lb_listener.public[0].port == 443 && aws_lb_listener.public[0].certificate_arn == var.certificate_arn
    error_message = "It speaks HTTPS with the certificate that was given."
  }

  assert {
    condition     = aws_lb_listener.public[0].default_action[0].type == "fixed-response" && aws_lb_listener.public[0].default_action[0].fixed_response[0].status_code == "404"
    error_message = "What no rule names is answered 404."
  }

  assert {
    condition = toset(flatten([
      for condition in aws_lb_listener_rule.webhook[0].condition :
      concat([for path in condition.path_pattern : tolist(path.values)], [for method in condition.http_request_method : tolist(method.values)])
    ])) == toset(["POST", "/webhook"])
    error_message = "Only POST /webhook gets through."
  }

  assert {
    condition     = aws_lb_listener_rule.webhook[0].action[0].target_group_arn == aws_lb_target_group.site["public"].arn
    error_message = "It goes to the site."
  }

  assert {
    condition     = aws_lb.internal.internal == true && aws_lb.internal.security_groups == toset([aws_security_group.of["internal"].id])
    error_message = "The internal load balancer has inner addresses alone: no rule can name a security group as the source of calls to public ones."
  }

  assert {
    condition     = aws_lb_listener.internal.default_action[0].fixed_response[0].status_code == "404"
    error_message = "What no rule of the internal one names is answered 404."
  }

  assert {
    condition = toset(flatten([
      for condition in aws_lb_listener_rule.results.condition :
      concat([for path in condition.path_pattern : tolist(path.values)], [for method in condition.http_request_method : tolist(method.values)])
    ])) == toset(["POST", "/results"])
    error_message = "Only POST /results gets through."
  }

  assert {
    condition     = aws_lb_listener_rule.results.action[0].target_group_arn == aws_lb_target_group.site["internal"].arn
    error_message = "It goes to the site, too."
  }

  assert {
    condition     = alltrue([for group in aws_lb_target_group.site : group.port == 8000 && group.health_check[0].path == "/readyz" && group.health_check[0].matcher == "200"])
    error_message = "Both load balancers ask the site itself whether it is ready."
  }

  assert {
    condition = { for key, attached in aws_lb_target_group_attachment.site : key => [attached.target_group_arn, attached.target_id] } == {
      for pair in setproduct(["public", "internal"], ["a", "b"]) : join("-", pair) => [aws_lb_target_group.site[pair[0]].arn, aws_instance.site[pair[1]].id]
    }
    error_message = "Each instance is in both target groups."
  }

  assert {
    condition     = alltrue([for zone in ["a", "b"] : aws_instance.site[zone].tags["Name"] == "polybot-site-${zone}" && aws_instance.site[zone].tags["Side"] == "site"])
    error_message = "There is an instance in each zone, to be found by its tags."
  }

  assert {
    condition     = alltrue([for zone, instance in aws_instance.site : instance.instance_type == "t3.micro" && instance.subnet_id == aws_subnet.public[zone].id])
    error_message = "Each is small, and in its zone's subnet."
  }

  assert {
    condition     = alltrue([for instance in aws_instance.site : instance.metadata_options[0].http_tokens == "required" && instance.metadata_options[0].http_put_response_hop_limit == 2])
    error_message = "Their metadata takes tokens, and containers reach it."
  }

  assert {
    condition     = alltrue([for instance in aws_instance.site : instance.root_block_device[0].encrypted])
    error_message = "Their disks are encrypted."
  }

  assert {
    condition     = length(local.site_user_data) < 16384
    error_message = "EC2 takes 16 KB of user data."
  }

  assert {
    condition     = strcontains(local.site_user_data, "FORWARDED_ALLOW_IPS=10.20.0.0/16\n") && strcontains(local.site_user_data, "ALLOWED_HOSTS=${aws_lb.internal.dns_name}\n")
    error_message = "The site trusts the load balancers, and answers to the internal one's name."
  }

  assert {
    condition     = strcontains(local.site_user_data, "DATABASE_HOST=${aws_db_instance.django.address}\nDATABASE_NAME=polybot\n") && !strcontains(local.site_user_data, "DATABASE_PATH")
    error_message = "The site's users are in PostgreSQL, where both instances find them, and in no file."
  }

  assert {
    condition     = !strcontains(local.site_user_data, var.site_image)
    error_message = "The image is read from its parameter at each start, and never written into user data."
  }

  assert {
    condition     = aws_ssm_parameter.site_image.name == "/polybot/site/image" && aws_ssm_parameter.site_image.value == var.site_image
    error_message = "The parameter holds the first image."
  }

  assert {
    condition     = aws_db_instance.django.publicly_accessible == false && aws_db_instance.django.storage_encrypted && aws_db_subnet_group.django.subnet_ids == toset([for subnet in aws_subnet.private : subnet.id])
    error_message = "The database is in the private subnets, encrypted."
  }

  assert {
    condition     = aws_db_instance.django.manage_master_user_password && aws_db_instance.django.password == null
    error_message = "RDS keeps its password; Terraform never sees it."
  }

  assert {
    condition     = contains([for parameter in aws_db_parameter_group.django.parameter : "${parameter.name}=${parameter.value}"], "rds.force_ssl=1")
    error_message = "It is spoken to over TLS alone."
  }
}

run "image_was_rolled" {
  variables {
    site_image = "docker.io/someone/polybot@sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
    domain     = "bot.example.org"
  }

  assert {
    condition     = aws_ssm_parameter.site_image.value == "docker.io/someone/polybot@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    error_message = "Terraform leaves the parameter to the roll."
  }

  assert {
    condition     = output.webhook_url == "https://bot.example.org/webhook" && strcontains(local.site_user_data, "PUBLIC_URL=https://bot.example.org\n")
    error_message = "A domain is told to the site and to whoever sets the webhook."
  }

  assert {
    condition     = !strcontains(aws_instance.site["a"].user_data, "bot.example.org")
    error_message = "Terraform leaves instances that run alone: it would stop all of them at once."
  }
}

run "no_certificate_yet_and_arm" {
  variables {
    certificate_arn    = ""
    site_instance_type = "t4g.micro"
  }

  assert {
    condition     = length(aws_lb_listener.public) == 0 && length(aws_lb_listener_rule.webhook) == 0
    error_message = "Without a certificate nothing listens."
  }

  assert {
    condition     = output.public_host == aws_lb.public.dns_name && output.webhook_url == "https://${aws_lb.public.dns_name}/webhook"
    error_message = "The name for which to make one is told."
  }

  assert {
    condition     = { for side, image in data.aws_ami.linux : side => one([for filter in image.filter : one(filter.values) if filter.name == "architecture"]) } == { site = "arm64", worker = "x86_64" }
    error_message = "A Graviton type starts from an image for arm64, and the other side keeps its own."
  }
}
