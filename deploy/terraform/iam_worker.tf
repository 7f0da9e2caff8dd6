data "aws_iam_policy_document" "worker" {
  #checkov:skip=CKV_AWS_356:autoscaling:Describe… has no resource; it tells nothing but the groups of this account
  source_policy_documents = [data.aws_iam_policy_document.instance["worker"].json]

  # It gets the photo, puts the annotated one, and removes what nobody waits for any more.
  statement {
    sid       = "Photos"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"]
    resources = ["${aws_s3_bucket.photos.arn}/*"]
  }

  # Without ListBucket, S3 says 403 of a photo that is gone, and not 404: the prediction would be tried again for ever.
  statement {
    sid       = "ListPhotos"
    actions   = ["s3:ListBucket", "s3:ListBucketVersions"]
    resources = [aws_s3_bucket.photos.arn]
  }

  # It also sends: announcements that were not taken, and what reconcile finds.
  statement {
    sid = "Work"
    actions = [
      "sqs:ReceiveMessage",
      "sqs:DeleteMessage",
      "sqs:ChangeMessageVisibility",
      "sqs:GetQueueAttributes",
      "sqs:SendMessage",
    ]
    resources = [for queue in aws_sqs_queue.of : queue.arn]
  }

  # What can't be a task is buried with its history; the queues' depths are metrics.
  statement {
    sid       = "Bury"
    actions   = ["sqs:SendMessage", "sqs:GetQueueUrl", "sqs:GetQueueAttributes"]
    resources = [for queue in aws_sqs_queue.dead : queue.arn]
  }

  # It finishes what the site has made, and makes nothing itself.
  statement {
    sid       = "Predictions"
    actions   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
    resources = [aws_dynamodb_table.predictions.arn]
  }

  # The hour's counts, and the lease of reconcile.
  statement {
    sid       = "Counters"
    actions   = ["dynamodb:UpdateItem"]
    resources = [aws_dynamodb_table.of["counters"].arn]
  }

  # reconcile reads what is open, choose_queue what a chat has open.
  statement {
    sid       = "Indexes"
    actions   = ["dynamodb:Query"]
    resources = ["${aws_dynamodb_table.predictions.arn}/index/by_chat", "${aws_dynamodb_table.predictions.arn}/index/open"]
  }

  statement {
    sid       = "Register"
    actions   = ["dynamodb:PutItem", "dynamodb:DeleteItem"]
    resources = [aws_dynamodb_table.workers.arn]

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "dynamodb:LeadingKeys"
      values   = ["workers"]
    }
  }

  # Which queues are paused, and nothing else: it need not know of the others.
  statement {
    sid       = "SeePaused"
    actions   = ["dynamodb:Query"]
    resources = [aws_dynamodb_table.workers.arn]

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "dynamodb:LeadingKeys"
      values   = ["paused-queues"]
    }
  }

  statement {
    sid       = "Secrets"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.of["results-keys"].arn]
  }

  statement {
    sid       = "LetGo"
    actions   = ["autoscaling:CompleteLifecycleAction"]
    resources = ["arn:aws:autoscaling:${var.region}:${local.account}:autoScalingGroup:*:autoScalingGroupName/${var.name}-worker"]
  }

  statement {
    sid       = "FindGroup"
    actions   = ["autoscaling:DescribeAutoScalingInstances", "autoscaling:DescribeLifecycleHooks"]
    resources = ["*"]
  }
}

resource "aws_iam_role" "worker" {
  name               = "${var.name}-worker"
  description        = "The workers' instances"
  assume_role_policy = data.aws_iam_policy_document.ec2_trust.json
}

resource "aws_iam_role_policy" "worker" {
  name   = "worker"
  role   = aws_iam_role.worker.id
  policy = data.aws_iam_policy_document.worker.json
}

resource "aws_iam_instance_profile" "worker" {
  name = "${var.name}-worker"
  role = aws_iam_role.worker.name
}
