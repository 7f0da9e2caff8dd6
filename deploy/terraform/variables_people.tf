variable "alarm_email" {
  description = "Who is written to when an alarm goes off; AWS asks them to confirm first. Empty: nobody, and the topic can be subscribed to by hand."
  type        = string
  default     = ""

  validation {
    condition     = var.alarm_email == "" || can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.alarm_email))
    error_message = "alarm_email \"${var.alarm_email}\" is no address."
  }
}

variable "github_repository" {
  description = "The repository whose workflows may roll out, owner/name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "github_repository \"${var.github_repository}\" must read owner/name, without * : whoever it matches may roll out."
  }
}

variable "github_branch" {
  description = "The branch whose workflows may roll out."
  type        = string
  default     = "main"

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9._/-]*$", var.github_branch))
    error_message = "github_branch \"${var.github_branch}\" must be one branch's name, without * : whoever it matches may roll out."
  }
}

variable "github_oidc_provider_arn" {
  description = "An account has one OIDC provider for GitHub: its ARN, where it is there already. Empty: it is made here."
  type        = string
  default     = ""

  validation {
    condition     = var.github_oidc_provider_arn == "" || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/token\\.actions\\.githubusercontent\\.com$", var.github_oidc_provider_arn))
    error_message = "github_oidc_provider_arn \"${var.github_oidc_provider_arn}\" is not GitHub's provider in an account."
  }
}
