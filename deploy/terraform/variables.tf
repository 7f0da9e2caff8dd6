variable "name" {
  description = "What every name begins with. Two services in one account have two names."
  type        = string
  default     = "polybot"

  validation {
    # A load balancer's name has 32 characters at most, and one of ours is NAME-internal.
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name)) && !strcontains(var.name, "--")
    error_message = "name \"${var.name}\" must have 3 to 20 characters of a-z, 0-9 and single hyphens, and begin with a letter."
  }

  validation {
    condition     = !startswith(var.name, "internal-")
    error_message = "name \"${var.name}\" begins with \"internal-\", which AWS keeps for its own load balancers."
  }
}

variable "region" {
  description = "The AWS region of everything here."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region \"${var.region}\" is no region's name; one is eu-north-1."
  }
}

variable "protected" {
  description = "Whether load balancers, database and tables refuse to be deleted, and secrets can be restored for 30 days. Set it to false before taking all of it down."
  type        = bool
  default     = true
}

variable "retention_days" {
  description = "Days until a photo and its prediction expire. At least 15: dead letters stay 14."
  type        = number
  default     = 30

  validation {
    condition     = var.retention_days >= 15 && var.retention_days <= 3650 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days ${var.retention_days} must be a whole number from 15 (dead letters stay 14 days) to 3650."
  }
}

variable "log_retention_days" {
  description = "Days until a line of the log is deleted. What a person is told after an erasure says 14."
  type        = number
  default     = 14

  validation {
    condition     = contains([1, 3, 5, 7, 14], var.log_retention_days)
    error_message = "log_retention_days ${var.log_retention_days} must be one of 1, 3, 5, 7, 14: CloudWatch knows no others, and more than 14 would break what the receipt of an erasure says."
  }
}
