# The bucket of Terraform's state: made once for an account, before anything else, with a state of its own on the disk of whoever makes it.

terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

variable "region" {
  description = "The AWS region of the bucket."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region \"${var.region}\" is no region's name; one is eu-north-1."
  }
}

variable "bucket" {
  description = "The bucket's name, which no other bucket in the world has: polybot-terraform-ACCOUNT, say."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket \"${var.bucket}\" must have 3 to 63 characters of a-z, 0-9 and hyphens."
  }
}

provider "aws" {
  region = var.region
}

resource "aws_s3_bucket" "state" {
  #checkov:skip=CKV_AWS_18:Who read the state is told by the account's own trail; the bucket holds no secret
  #checkov:skip=CKV_AWS_144:A state that is lost can be imported again; the earlier versions are kept
  #checkov:skip=CKV_AWS_145:Encrypted by S3's own key; the state holds no secret
  #checkov:skip=CKV2_AWS_62:Nothing waits for an event of this bucket
  bucket = var.bucket

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "state" {
  bucket = aws_s3_bucket.state.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "state" {
  bucket = aws_s3_bucket.state.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    id     = "earlier-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 90
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.state]
}

data "aws_iam_policy_document" "tls" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.state.arn, "${aws_s3_bucket.state.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "state" {
  bucket = aws_s3_bucket.state.id
  policy = data.aws_iam_policy_document.tls.json

  depends_on = [aws_s3_bucket_public_access_block.state]
}

output "backend_config" {
  description = "What to give `terraform init` of the service."
  value       = "-backend-config=bucket=${aws_s3_bucket.state.bucket} -backend-config=region=${var.region}"
}
