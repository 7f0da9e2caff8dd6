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
  target = aws_sqs_queue.dead["answers"]
  values = { arn = "arn:aws:sqs:eu-north-1:123456789012:answers-dead" }
}

override_resource {
  target = aws_sqs_queue.dead["photos"]
  values = { arn = "arn:aws:sqs:eu-north-1:123456789012:photos-dead" }
}

override_resource {
  target = aws_sqs_queue.dead["photos-bulk"]
  values = { arn = "arn:aws:sqs:eu-north-1:123456789012:photos-bulk-dead" }
}

run "by_default" {
  assert {
    condition     = aws_s3_bucket.photos.bucket == "polybot-photos-123456789012" && aws_s3_bucket.photos.force_destroy == false
    error_message = "The bucket is named after the account, and is not removed with photos in it."
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.photos.rule[0].status == "Enabled" && aws_s3_bucket_lifecycle_configuration.photos.rule[0].expiration[0].days == 30
    error_message = "Photos go after the retention."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.photos.block_public_acls, aws_s3_bucket_public_access_block.photos.block_public_policy,
      aws_s3_bucket_public_access_block.photos.ignore_public_acls, aws_s3_bucket_public_access_block.photos.restrict_public_buckets,
    ])
    error_message = "Nothing in it is ever public."
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.photos.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    error_message = "Photos are encrypted."
  }

  assert {
    condition     = data.aws_iam_policy_document.photos_tls.statement[0].effect == "Deny" && one(data.aws_iam_policy_document.photos_tls.statement[0].condition).variable == "aws:SecureTransport"
    error_message = "What comes without TLS is refused."
  }

  assert {
    condition     = { for name, queue in aws_sqs_queue.of : name => queue.name } == { answers = "polybot-answers", photos = "polybot-photos", photos-bulk = "polybot-photos-bulk" }
    error_message = "There are three queues."
  }

  assert {
    condition     = alltrue([for name, queue in aws_sqs_queue.of : jsondecode(queue.redrive_policy).deadLetterTargetArn == aws_sqs_queue.dead[name].arn])
    error_message = "Behind each queue is its own dead-letter queue."
  }

  assert {
    condition     = { for name, queue in aws_sqs_queue.dead : name => [queue.name, queue.message_retention_seconds] } == { for name in ["answers", "photos", "photos-bulk"] : name => ["polybot-${name}-dead", 1209600] }
    error_message = "Dead letters are kept for 14 days."
  }

  assert {
    condition     = alltrue([for queue in concat(values(aws_sqs_queue.of), values(aws_sqs_queue.dead)) : queue.sqs_managed_sse_enabled])
    error_message = "Messages are encrypted."
  }

  assert {
    condition = alltrue([
      for table in concat([aws_dynamodb_table.predictions, aws_dynamodb_table.workers], values(aws_dynamodb_table.of)) :
      table.point_in_time_recovery[0].enabled && table.deletion_protection_enabled
    ])
    error_message = "Each table can be restored, and is not deleted by mistake."
  }

  assert {
    condition     = [for secret in aws_secretsmanager_secret.of : secret.name] == [for name in ["certificate", "django-secret-key", "results-keys", "telegram-token", "webhook-secrets"] : "polybot/${name}"]
    error_message = "There are five secrets."
  }

  assert {
    condition     = alltrue([for secret in aws_secretsmanager_secret.of : secret.recovery_window_in_days == 30])
    error_message = "A secret that is removed can be restored."
  }
}

run "to_be_taken_down" {
  variables {
    name           = "second"
    retention_days = 15
    protected      = false
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.photos.rule[0].expiration[0].days == 15 && strcontains(local.site_user_data, "RETENTION_DAYS=15\n") && strcontains(local.worker_user_data, "RETENTION_DAYS=15\n")
    error_message = "S3 and the tables' TTL follow one setting."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket.photos.force_destroy, !aws_dynamodb_table.predictions.deletion_protection_enabled, !aws_dynamodb_table.workers.deletion_protection_enabled,
      !aws_lb.public.enable_deletion_protection, !aws_lb.internal.enable_deletion_protection, !aws_db_instance.django.deletion_protection,
      aws_db_instance.django.skip_final_snapshot, aws_secretsmanager_secret.of["certificate"].recovery_window_in_days == 0,
    ])
    error_message = "What is not protected can be taken down, and put up again under the same name."
  }

  assert {
    condition     = aws_sqs_queue.of["photos"].name == "second-photos" && aws_dynamodb_table.workers.name == "second-workers" && strcontains(local.site_user_data, "TABLE_PREFIX=second\n")
    error_message = "A second service has names of its own."
  }
}
