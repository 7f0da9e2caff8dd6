locals {
  # a, b, … : the last letter of eu-north-1a names what is in that zone.
  zones = { for place, zone in var.availability_zones : trimprefix(zone, var.region) => { zone = zone, place = place } }
}

resource "aws_vpc" "main" {
  #checkov:skip=CKV2_AWS_11:Flow logs cost more than the service; the load balancers' metrics and the containers' logs tell who called
  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.name }
}

# AWS gives each network a security group that lets everything in it talk. Nothing uses it, and so it lets nothing through.
resource "aws_default_security_group" "unused" {
  vpc_id = aws_vpc.main.id
}

resource "aws_subnet" "public" {
  #checkov:skip=CKV_AWS_130:Instances reach Telegram and the registry by addresses of their own: a NAT gateway would cost more than both of them
  for_each = local.zones

  vpc_id                  = aws_vpc.main.id
  availability_zone       = each.value.zone
  cidr_block              = cidrsubnet(var.vpc_cidr, 4, each.value.place)
  map_public_ip_on_launch = true

  tags = { Name = "${var.name}-public-${each.key}" }
}

# For the database alone: no route leads out of them.
resource "aws_subnet" "private" {
  for_each = local.zones

  vpc_id            = aws_vpc.main.id
  availability_zone = each.value.zone
  cidr_block        = cidrsubnet(var.vpc_cidr, 4, 8 + each.value.place)

  tags = { Name = "${var.name}-private-${each.key}" }
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id

  tags = { Name = var.name }
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id

  tags = { Name = "${var.name}-public" }
}

resource "aws_route" "out" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.main.id
}

resource "aws_route_table_association" "public" {
  for_each = local.zones

  subnet_id      = aws_subnet.public[each.key].id
  route_table_id = aws_route_table.public.id
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.main.id

  tags = { Name = "${var.name}-private" }
}

resource "aws_route_table_association" "private" {
  for_each = local.zones

  subnet_id      = aws_subnet.private[each.key].id
  route_table_id = aws_route_table.private.id
}

# Free, and photos stay off the internet. Without a policy of their own: Amazon Linux fetches its packages through S3, too.
resource "aws_vpc_endpoint" "gateway" {
  for_each = toset(["s3", "dynamodb"])

  vpc_id            = aws_vpc.main.id
  vpc_endpoint_type = "Gateway"
  service_name      = "com.amazonaws.${var.region}.${each.key}"
  route_table_ids   = [aws_route_table.public.id]

  tags = { Name = "${var.name}-${each.key}" }
}
