output "public_host" {
  description = "The host name for which the certificate is made."
  value       = local.public_host
}

output "webhook_url" {
  description = "Where Telegram delivers, once a certificate is there and set_webhook has been run."
  value       = "https://${local.public_host}/webhook"
}

output "secrets" {
  description = "The secrets that are to be filled, by their short names."
  value       = { for name, secret in aws_secretsmanager_secret.of : name => secret.name }
}

output "workflow_role" {
  description = "The role that GitHub's workflows assume."
  value       = aws_iam_role.workflow.arn
}

output "photos_bucket" {
  description = "The bucket of photos."
  value       = aws_s3_bucket.photos.bucket
}

output "queue_urls" {
  description = "The queues, by the product's own names for them."
  value       = { for name, queue in aws_sqs_queue.of : name => queue.url }
}

output "results_url" {
  description = "Where workers announce, inside the network."
  value       = "http://${aws_lb.internal.dns_name}/results"
}

output "site_instances" {
  description = "The site's instances by the letter of their zone."
  value       = { for zone, instance in aws_instance.site : zone => instance.id }
}

output "worker_group" {
  description = "The workers' Auto Scaling group."
  value       = aws_autoscaling_group.worker.name
}

output "dashboard_url" {
  description = "The dashboard."
  value       = "https://${var.region}.console.aws.amazon.com/cloudwatch/home?region=${var.region}#dashboards:name=${var.name}"
}
