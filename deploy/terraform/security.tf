# Who may call whom. No port 22 anywhere: operators come through SSM, which the instances themselves call.

locals {
  groups = {
    public   = "The public load balancer: Telegram calls it"
    internal = "The internal load balancer: workers call it with results"
    site     = "The site: both load balancers call it"
    worker   = "Workers: nobody calls them"
    database = "The database of the Django site: the site calls it"
  }

  site_port = 8000

  # From a group of ours to another: what the first may call is what the second lets in.
  calls = {
    public-site     = { from = "public", to = "site", port = local.site_port }
    internal-site   = { from = "internal", to = "site", port = local.site_port }
    worker-internal = { from = "worker", to = "internal", port = 80 }
    site-database   = { from = "site", to = "database", port = 5432 }
  }
}

resource "aws_security_group" "of" {
  #checkov:skip=CKV2_AWS_5:Each is attached, which is not seen through for_each
  for_each = local.groups

  name        = "${var.name}-${each.key}"
  description = each.value
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${var.name}-${each.key}" }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "call" {
  #checkov:skip=CKV_AWS_260:Port 80 is open to a security group, which is not seen through for_each, and to no address
  for_each = local.calls

  security_group_id            = aws_security_group.of[each.value.to].id
  referenced_security_group_id = aws_security_group.of[each.value.from].id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  description                  = each.key
}

resource "aws_vpc_security_group_egress_rule" "call" {
  for_each = local.calls

  security_group_id            = aws_security_group.of[each.value.from].id
  referenced_security_group_id = aws_security_group.of[each.value.to].id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  description                  = each.key
}

resource "aws_vpc_security_group_ingress_rule" "telegram" {
  for_each = toset(var.telegram_cidrs)

  security_group_id = aws_security_group.of["public"].id
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  description       = "Telegram"
}

# Telegram, the container registry and the services of AWS have no fixed addresses; all of them are reached by HTTPS.
resource "aws_vpc_security_group_egress_rule" "https" {
  for_each = toset(["site", "worker"])

  security_group_id = aws_security_group.of[each.key].id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  description       = "AWS, the registry, Telegram"
}
