resource "aws_s3_bucket" "photos" {
  #checkov:skip=CKV_AWS_18:Access logs would be a second record of who sent photos, which an erasure would have to follow
  #checkov:skip=CKV_AWS_21:A version that is kept is a photo that was not erased
  #checkov:skip=CKV_AWS_144:Photos live for a few weeks; a copy in another region would have to be erased, too
  #checkov:skip=CKV_AWS_145:Encrypted by S3's own key: a key of KMS costs a request for each photo, and guards from nobody else
  #checkov:skip=CKV2_AWS_62:Nothing waits for an event of this bucket
  bucket        = "${var.name}-photos-${local.account}"
  force_destroy = !var.protected
}

resource "aws_s3_bucket_public_access_block" "photos" {
  bucket = aws_s3_bucket.photos.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "photos" {
  bucket = aws_s3_bucket.photos.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "photos" {
  bucket = aws_s3_bucket.photos.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "photos" {
  bucket = aws_s3_bucket.photos.id

  rule {
    id     = "retention"
    status = "Enabled"

    filter {}

    expiration {
      days = var.retention_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

data "aws_iam_policy_document" "photos_tls" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.photos.arn, "${aws_s3_bucket.photos.arn}/*"]

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

resource "aws_s3_bucket_policy" "photos" {
  bucket = aws_s3_bucket.photos.id
  policy = data.aws_iam_policy_document.photos_tls.json

  depends_on = [aws_s3_bucket_public_access_block.photos]
}
