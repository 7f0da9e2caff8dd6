locals {
  public_host = var.domain != "" ? var.domain : aws_lb.public.dns_name
  graviton    = "^[a-z]+[0-9]+g"
}

data "aws_ami" "linux" {
  for_each = var.ami == "" ? toset(["site", "worker"]) : toset([])

  owners      = ["amazon"]
  most_recent = true

  filter {
    name   = "name"
    values = ["al2023-ami-2023.*-kernel-6.1-*"]
  }

  filter {
    name   = "architecture"
    values = [can(regex(local.graviton, each.key == "site" ? var.site_instance_type : var.worker_instance_type)) ? "arm64" : "x86_64"]
  }
}

resource "aws_instance" "site" {
  #checkov:skip=CKV_AWS_88:Telegram and the registry are reached by an address of its own; its security group lets only the load balancers in
  #checkov:skip=CKV_AWS_126:Metrics each minute of two small instances are paid for and nothing reads them: the load balancer tells whether they answer
  #checkov:skip=CKV_AWS_135:Of t3 and later types EBS is always optimized
  for_each = local.zones

  ami                         = var.ami != "" ? var.ami : data.aws_ami.linux["site"].id
  instance_type               = var.site_instance_type
  subnet_id                   = aws_subnet.public[each.key].id
  vpc_security_group_ids      = [aws_security_group.of["site"].id]
  iam_instance_profile        = aws_iam_instance_profile.site.name
  associate_public_ip_address = true
  user_data                   = local.site_user_data

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 2 # a container on Docker's own network is one hop further away
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = 16
    encrypted   = true
  }

  tags = {
    Name = "${var.name}-site-${each.key}"
    Side = "site"
  }

  # The script reads these at the first start, and asks again every five minutes where they are not there yet.
  depends_on = [aws_ssm_parameter.site_image, aws_secretsmanager_secret.of, aws_iam_role_policy.site]

  lifecycle {
    # Either would replace or stop all instances in one apply. One at a time: python -m deploy up --replace 'aws_instance.site["a"]'
    ignore_changes = [ami, user_data]
  }
}

locals {
  site_user_data = templatefile("${path.module}/../templates/site.sh.tftpl", {
    name        = var.name
    region      = var.region
    image_at    = aws_ssm_parameter.site_image.name
    log_group   = aws_cloudwatch_log_group.of["site"].name
    database_at = aws_db_instance.django.master_user_secret[0].secret_arn
    open_shards = 4
    environment = merge(local.shared_environment, {
      PUBLIC_URL          = "https://${local.public_host}"
      ALLOWED_HOSTS       = aws_lb.internal.dns_name
      FORWARDED_ALLOW_IPS = var.vpc_cidr
      DATABASE_HOST       = aws_db_instance.django.address
      DATABASE_NAME       = aws_db_instance.django.db_name
    })
  })

  # What site and workers share (docs/configuration.md).
  shared_environment = {
    AWS_DEFAULT_REGION    = var.region
    PHOTOS_BUCKET         = aws_s3_bucket.photos.bucket
    TABLE_PREFIX          = var.name
    PHOTOS_QUEUE_URL      = aws_sqs_queue.of["photos"].url
    PHOTOS_BULK_QUEUE_URL = aws_sqs_queue.of["photos-bulk"].url
    ANSWERS_QUEUE_URL     = aws_sqs_queue.of["answers"].url
    RETENTION_DAYS        = tostring(var.retention_days)
  }
}

# What the instances run. The roll of the site writes it; here is only what it is at the beginning.
resource "aws_ssm_parameter" "site_image" {
  #checkov:skip=CKV2_AWS_34:The name of an image is no secret
  #checkov:skip=CKV_AWS_337:The name of an image is no secret
  name  = "/${var.name}/site/image"
  type  = "String"
  value = var.site_image

  lifecycle {
    ignore_changes = [value]
  }
}
