# Django's own tables: users, sessions, audit. RDS makes the password, keeps it in a secret of its own and rotates it, so it is in no state and no plan.

resource "aws_db_subnet_group" "django" {
  name       = var.name
  subnet_ids = [for subnet in aws_subnet.private : subnet.id]
}

resource "aws_db_parameter_group" "django" {
  name   = var.name
  family = "postgres17"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  parameter {
    name  = "log_min_duration_statement"
    value = "1000" # milliseconds
  }
}

resource "aws_db_instance" "django" {
  #checkov:skip=CKV_AWS_157:The bot answers without it; the admin's users can wait for a restore from the backup
  #checkov:skip=CKV_AWS_118:Metrics each second are for a database that somebody waits for
  #checkov:skip=CKV_AWS_161:The site signs in with the password that RDS keeps and rotates
  #checkov:skip=CKV_AWS_293:Protected unless var.protected is false, for taking all of it down
  #checkov:skip=CKV_AWS_353:Performance insights are for a database that somebody waits for
  #checkov:skip=CKV_AWS_354:There are no performance insights to be encrypted
  #checkov:skip=CKV2_AWS_30:Statements that take over a second are logged; all of them would be the admin's clicks
  identifier     = "${var.name}-django"
  engine         = "postgres"
  engine_version = "17"
  instance_class = var.database_instance_class
  db_name        = "polybot"
  username       = "polybot"

  manage_master_user_password = true

  allocated_storage     = 20
  max_allocated_storage = 50
  storage_type          = "gp3"
  storage_encrypted     = true

  db_subnet_group_name   = aws_db_subnet_group.django.name
  parameter_group_name   = aws_db_parameter_group.django.name
  vpc_security_group_ids = [aws_security_group.of["database"].id]
  publicly_accessible    = false

  backup_retention_period         = 7
  copy_tags_to_snapshot           = true
  auto_minor_version_upgrade      = true
  enabled_cloudwatch_logs_exports = ["postgresql"]
  deletion_protection             = var.protected
  skip_final_snapshot             = !var.protected
  final_snapshot_identifier       = "${var.name}-django-last"

  depends_on = [aws_cloudwatch_log_group.of]
}
