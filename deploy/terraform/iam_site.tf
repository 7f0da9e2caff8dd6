data "aws_iam_policy_document" "site" {
  #checkov:skip=CKV_AWS_111:PutMetricData has no resource; its namespace is held by the condition
  #checkov:skip=CKV_AWS_356:PutMetricData has no resource; its namespace is held by the condition
  source_policy_documents = [data.aws_iam_policy_document.instance["site"].json]

  # submit_photo puts, an answer gets, an erasure deletes in all versions.
  statement {
    sid       = "Photos"
    actions   = ["s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:DeleteObjectVersion"]
    resources = ["${aws_s3_bucket.photos.arn}/*"]
  }

  # Without ListBucket, S3 says 403 of a photo that is gone, and not 404; an erasure lists versions; /readyz asks for the bucket.
  statement {
    sid       = "ListPhotos"
    actions   = ["s3:ListBucket", "s3:ListBucketVersions"]
    resources = [aws_s3_bucket.photos.arn]
  }

  statement {
    sid       = "Send"
    actions   = ["sqs:SendMessage", "sqs:GetQueueAttributes"]
    resources = [for queue in aws_sqs_queue.of : queue.arn]
  }

  # Operators look at dead letters, and redrive or drop them. SQS shows a letter only by receiving it. What is redriven goes to its own queue, by Send.
  statement {
    sid = "DeadLetters"
    actions = [
      "sqs:GetQueueUrl",
      "sqs:GetQueueAttributes",
      "sqs:ReceiveMessage",
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
    ]
    resources = [for queue in aws_sqs_queue.dead : queue.arn]
  }

  # A transaction is permitted by its parts: PutItem and UpdateItem. An erasure puts a mark in the item's place, so nothing is deleted.
  statement {
    sid       = "Predictions"
    actions   = ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
    resources = [aws_dynamodb_table.predictions.arn]
  }

  statement {
    sid       = "Indexes"
    actions   = ["dynamodb:Query"]
    resources = ["${aws_dynamodb_table.predictions.arn}/index/*"]
  }

  statement {
    sid       = "Chats"
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
    resources = [aws_dynamodb_table.of["chats"].arn]
  }

  # Counted with what is counted, and read by the dashboard.
  statement {
    sid       = "Counters"
    actions   = ["dynamodb:BatchGetItem", "dynamodb:UpdateItem"]
    resources = [aws_dynamodb_table.of["counters"].arn]
  }

  statement {
    sid       = "SeeWorkers"
    actions   = ["dynamodb:Query"]
    resources = [aws_dynamodb_table.workers.arn]
  }

  # A paused queue is an item of this table, too, in a partition of its own: what workers say of themselves is not the site's to write.
  statement {
    sid       = "Pause"
    actions   = ["dynamodb:PutItem", "dynamodb:DeleteItem"]
    resources = [aws_dynamodb_table.workers.arn]

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "dynamodb:LeadingKeys"
      values   = ["paused-queues"]
    }
  }

  statement {
    sid     = "Secrets"
    actions = ["secretsmanager:GetSecretValue"]
    resources = concat(
      [for name in ["telegram-token", "webhook-secrets", "results-keys", "django-secret-key"] : aws_secretsmanager_secret.of[name].arn],
      [aws_db_instance.django.master_user_secret[0].secret_arn],
    )
  }

  statement {
    sid       = "Image"
    actions   = ["ssm:GetParameter"]
    resources = [aws_ssm_parameter.site_image.arn]
  }

  # What Telegram says of the webhook, and how many predictions are open: polybot-watch tells both.
  statement {
    sid       = "Watch"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [local.metrics_namespace]
    }
  }
}

resource "aws_iam_role" "site" {
  name               = "${var.name}-site"
  description        = "The site's instances"
  assume_role_policy = data.aws_iam_policy_document.ec2_trust.json
}

resource "aws_iam_role_policy" "site" {
  name   = "site"
  role   = aws_iam_role.site.id
  policy = data.aws_iam_policy_document.site.json
}

resource "aws_iam_instance_profile" "site" {
  name = "${var.name}-site"
  role = aws_iam_role.site.name
}
