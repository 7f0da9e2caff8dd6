# Two load balancers. The internet-facing one's name resolves to public addresses, for which no rule can name the workers' security group: what only
# workers may call needs an internal one.

resource "aws_lb" "public" {
  #checkov:skip=CKV_AWS_91:Access logs would hold nothing that the site's own log does not: only POST /webhook gets through
  #checkov:skip=CKV2_AWS_28:Only Telegram's addresses reach it, one path gets through, and each update carries a secret: a WAF would filter nothing more
  #checkov:skip=CKV2_AWS_20:Nothing listens on port 80, so there is nothing to redirect
  name                       = "${var.name}-public"
  load_balancer_type         = "application"
  internal                   = false
  subnets                    = [for subnet in aws_subnet.public : subnet.id]
  security_groups            = [aws_security_group.of["public"].id]
  drop_invalid_header_fields = true
  enable_deletion_protection = var.protected
}

resource "aws_lb" "internal" {
  #checkov:skip=CKV_AWS_91:The site's own log says of each result what became of it
  #checkov:skip=CKV2_AWS_20:HTTP inside the network on purpose: results are signed, and hold an id and no secret
  name                       = "${var.name}-internal"
  load_balancer_type         = "application"
  internal                   = true
  subnets                    = [for subnet in aws_subnet.public : subnet.id]
  security_groups            = [aws_security_group.of["internal"].id]
  drop_invalid_header_fields = true
  enable_deletion_protection = var.protected
}

resource "aws_lb_target_group" "site" {
  #checkov:skip=CKV_AWS_378:HTTP inside the network on purpose: TLS ends at the load balancer, and only it reaches the site's port
  for_each = toset(["public", "internal"])

  name     = "${var.name}-${each.key}"
  vpc_id   = aws_vpc.main.id
  port     = local.site_port
  protocol = "HTTP"

  # An answer to Telegram may take 45 s; a site that leaves ends it first.
  deregistration_delay = 60

  health_check {
    path                = "/readyz"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

resource "aws_lb_target_group_attachment" "site" {
  for_each = { for pair in setproduct(["public", "internal"], keys(local.zones)) : "${pair[0]}-${pair[1]}" => { group = pair[0], zone = pair[1] } }

  target_group_arn = aws_lb_target_group.site[each.value.group].arn
  target_id        = aws_instance.site[each.value.zone].id
  port             = local.site_port
}

resource "aws_lb_listener" "public" {
  count = var.certificate_arn == "" ? 0 : 1

  load_balancer_arn = aws_lb.public.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn

  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = "Nothing is here."
      status_code  = "404"
    }
  }
}

resource "aws_lb_listener_rule" "webhook" {
  count = length(aws_lb_listener.public)

  listener_arn = aws_lb_listener.public[0].arn
  priority     = 10

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.site["public"].arn
  }

  condition {
    path_pattern {
      values = ["/webhook"]
    }
  }

  condition {
    http_request_method {
      values = ["POST"]
    }
  }
}

resource "aws_lb_listener" "internal" {
  #checkov:skip=CKV_AWS_2:HTTP inside the network on purpose: results are signed, and hold an id and no secret
  #checkov:skip=CKV_AWS_103:There is no TLS here whose version could be too old
  load_balancer_arn = aws_lb.internal.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = "Nothing is here."
      status_code  = "404"
    }
  }
}

resource "aws_lb_listener_rule" "results" {
  listener_arn = aws_lb_listener.internal.arn
  priority     = 10

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.site["internal"].arn
  }

  condition {
    path_pattern {
      values = ["/results"]
    }
  }

  condition {
    http_request_method {
      values = ["POST"]
    }
  }
}
