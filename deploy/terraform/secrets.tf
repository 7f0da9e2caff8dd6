# Empty on purpose: what Terraform writes is in its state. `python -m deploy up` puts the values, the instances read them.

locals {
  secrets = {
    telegram-token    = "The bot's token, from @BotFather"
    webhook-secrets   = "What Telegram sends with each update: new,old"
    results-keys      = "The keys of POST /results: id:secret,id:secret"
    django-secret-key = "What the admin's sessions are signed with"
    certificate       = "The self-signed certificate and its key, in PEM form"
  }
}

resource "aws_secretsmanager_secret" "of" {
  #checkov:skip=CKV_AWS_149:Encrypted by Secrets Manager's own key: one of KMS costs, and guards from nobody else in this account
  #checkov:skip=CKV2_AWS_57:Each has another party (Telegram, both sides of /results) that has to be told: docs/operations.md has the steps
  for_each = local.secrets

  name                    = "${var.name}/${each.key}"
  description             = each.value
  recovery_window_in_days = var.protected ? 30 : 0
}
