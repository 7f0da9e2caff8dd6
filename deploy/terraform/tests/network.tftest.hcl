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

run "two_zones" {
  assert {
    condition     = [for subnet in aws_subnet.public : subnet.availability_zone] == ["eu-north-1a", "eu-north-1b"]
    error_message = "There is one public subnet in each zone."
  }

  assert {
    condition     = [for subnet in aws_subnet.private : subnet.availability_zone] == ["eu-north-1a", "eu-north-1b"]
    error_message = "There is one private subnet in each zone."
  }

  assert {
    condition     = length(distinct(concat([for subnet in aws_subnet.public : subnet.cidr_block], [for subnet in aws_subnet.private : subnet.cidr_block]))) == 4
    error_message = "No two subnets share addresses."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.private : subnet.map_public_ip_on_launch != true])
    error_message = "What is in a private subnet has no public address."
  }

  assert {
    condition     = alltrue([for association in aws_route_table_association.private : association.route_table_id == aws_route_table.private.id])
    error_message = "The private subnets use the table without a way out."
  }

  assert {
    condition     = aws_route.out.route_table_id == aws_route_table.public.id && aws_route_table.public.id != aws_route_table.private.id
    error_message = "Only the public subnets have a way out."
  }

  assert {
    condition = { for name, endpoint in aws_vpc_endpoint.gateway : name => [endpoint.vpc_endpoint_type, endpoint.service_name] } == {
      dynamodb = ["Gateway", "com.amazonaws.eu-north-1.dynamodb"]
      s3       = ["Gateway", "com.amazonaws.eu-north-1.s3"]
    }
    error_message = "S3 and DynamoDB are reached without the internet."
  }

  assert {
    condition     = { for name, rule in aws_vpc_security_group_ingress_rule.telegram : name => [rule.from_port, rule.to_port] } == { "149.154.160.0/20" = [443, 443], "91.108.4.0/22" = [443, 443] }
    error_message = "From outside only Telegram's blocks come in, to port 443."
  }

  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_ingress_rule.telegram : rule.security_group_id == aws_security_group.of["public"].id])
    error_message = "Telegram comes to the public load balancer."
  }

  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_ingress_rule.call : rule.cidr_ipv4 == null && rule.cidr_ipv6 == null && rule.prefix_list_id == null])
    error_message = "Inside, groups are named and no addresses."
  }

  assert {
    condition = { for name, rule in aws_vpc_security_group_ingress_rule.call : name => [rule.security_group_id, rule.referenced_security_group_id, rule.from_port, rule.to_port] } == {
      internal-site   = [aws_security_group.of["site"].id, aws_security_group.of["internal"].id, 8000, 8000]
      public-site     = [aws_security_group.of["site"].id, aws_security_group.of["public"].id, 8000, 8000]
      site-database   = [aws_security_group.of["database"].id, aws_security_group.of["site"].id, 5432, 5432]
      worker-internal = [aws_security_group.of["internal"].id, aws_security_group.of["worker"].id, 80, 80]
    }
    error_message = "Load balancers call the site, workers the internal load balancer, the site its database, and nobody anything else."
  }

  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_egress_rule.https : rule.from_port == 443 && rule.to_port == 443])
    error_message = "Out into the internet goes HTTPS alone."
  }
}

run "three_zones" {
  variables {
    availability_zones = ["eu-north-1a", "eu-north-1b", "eu-north-1c"]
  }

  assert {
    condition     = keys(aws_instance.site) == ["a", "b", "c"] && length(aws_lb_target_group_attachment.site) == 6
    error_message = "Each zone has a site, in both target groups."
  }

  assert {
    condition     = length(aws_autoscaling_group.worker.vpc_zone_identifier) == 3
    error_message = "Workers start in each zone."
  }
}
