# Keys and indexes are those of detection/table.py and taskqueue/registry.py; a test compares them.

resource "aws_dynamodb_table" "predictions" {
  #checkov:skip=CKV_AWS_119:Encrypted by DynamoDB's own key: a key of KMS costs for each request, and guards from nobody else
  #checkov:skip=CKV2_AWS_16:On demand, which scales by itself
  name                        = "${var.name}-predictions"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "prediction_id"
  deletion_protection_enabled = var.protected

  dynamic "attribute" {
    for_each = { prediction_id = "S", chat_id = "N", day_shard = "S", open_shard = "N", created_at = "S" }

    content {
      name = attribute.key
      type = attribute.value
    }
  }

  global_secondary_index {
    name            = "by_chat"
    hash_key        = "chat_id"
    range_key       = "created_at"
    projection_type = "ALL"
  }

  global_secondary_index {
    name            = "by_day"
    hash_key        = "day_shard"
    range_key       = "created_at"
    projection_type = "ALL"
  }

  global_secondary_index {
    name               = "open"
    hash_key           = "open_shard"
    range_key          = "created_at"
    projection_type    = "INCLUDE"
    non_key_attributes = ["status", "queue", "queued_at", "finished_at", "announce_at"]
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }
}

resource "aws_dynamodb_table" "of" {
  #checkov:skip=CKV_AWS_119:Encrypted by DynamoDB's own key: a key of KMS costs for each request, and guards from nobody else
  #checkov:skip=CKV2_AWS_16:On demand, which scales by itself
  for_each = {
    chats    = { hash = "chat_id", hash_type = "N" }
    counters = { hash = "name", hash_type = "S" }
  }

  name                        = "${var.name}-${each.key}"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = each.value.hash
  deletion_protection_enabled = var.protected

  attribute {
    name = each.value.hash
    type = each.value.hash_type
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }
}

resource "aws_dynamodb_table" "workers" {
  #checkov:skip=CKV_AWS_119:Encrypted by DynamoDB's own key: a key of KMS costs for each request, and guards from nobody else
  #checkov:skip=CKV2_AWS_16:On demand, which scales by itself
  name                        = "${var.name}-workers"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "registry"
  range_key                   = "worker"
  deletion_protection_enabled = var.protected

  dynamic "attribute" {
    for_each = toset(["registry", "worker"])

    content {
      name = attribute.value
      type = "S"
    }
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  # Entries live for 15 minutes, and workers write them anew; it is on so that all tables are alike to whoever restores them.
  point_in_time_recovery {
    enabled = true
  }
}
