variable "worker_instance_type" {
  description = "The EC2 type of the workers. t3 runs out of CPU credits under steady load: c7i.large, or c7g.large with an image for arm64, does not."
  type        = string
  default     = "t3.medium"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*\\.[a-z0-9-]+$", var.worker_instance_type))
    error_message = "worker_instance_type \"${var.worker_instance_type}\" is no instance type; one is t3.medium."
  }

  validation {
    condition     = !can(regex("\\.(nano|micro)$", var.worker_instance_type))
    error_message = "worker_instance_type \"${var.worker_instance_type}\" has 1 GB of memory at most: two processes with a model each do not fit."
  }
}

variable "worker_image" {
  description = "The workers' container at their first start, by digest. The roll of the workers changes it afterwards; Terraform does not follow."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9._/:-]*@sha256:[0-9a-f]{64}$", var.worker_image))
    error_message = "worker_image \"${var.worker_image}\" must read repository@sha256:… with 64 hexadecimal digits: a tag can come to mean another image."
  }
}

variable "worker_spot" {
  description = "Whether workers are spot instances: about a third of the price, and AWS may take one back with two minutes' notice, in which it drains."
  type        = bool
  default     = false
}

variable "worker_concurrency" {
  description = "Processes of each worker. A photo waits for S3, DynamoDB and the site most of its time, so there are more of them than processors (docs/scaling.md). Each takes about 150 MB."
  type        = number
  default     = 12

  validation {
    condition     = var.worker_concurrency >= 1 && var.worker_concurrency <= 64 && floor(var.worker_concurrency) == var.worker_concurrency
    error_message = "worker_concurrency ${var.worker_concurrency} must be a whole number from 1 to 64."
  }

  validation {
    # 2 GB in all of these, of which the system, Docker and the worker's own first process take about 0.7.
    condition     = var.worker_concurrency <= 8 || !can(regex("^(c[0-9]+[a-z]*\\.medium|.*\\.small)$", var.worker_instance_type))
    error_message = "worker_concurrency ${var.worker_concurrency}: so many processes of 150 MB do not fit in the 2 GB of ${var.worker_instance_type}; 8 do."
  }
}

variable "worker_min" {
  description = "Workers at least: one in each of two zones. Never 0: the backlog per worker could not be told, and nothing would start the first one."
  type        = number
  default     = 2

  validation {
    condition     = var.worker_min >= 1 && floor(var.worker_min) == var.worker_min
    error_message = "worker_min ${var.worker_min} must be a whole number of 1 or more: scaling divides by the number of workers."
  }

  validation {
    condition     = var.worker_min <= var.worker_max
    error_message = "worker_min ${var.worker_min} is more than worker_max ${var.worker_max}."
  }
}

variable "worker_max" {
  description = "Workers at most, and so what they can cost."
  type        = number
  default     = 4

  validation {
    condition     = var.worker_max <= 100 && floor(var.worker_max) == var.worker_max
    error_message = "worker_max ${var.worker_max} must be a whole number of 100 or less."
  }
}

variable "worker_warmup_seconds" {
  description = "Seconds from the launch of a worker until it takes photos: until then its load tells nothing. Boot, pull of the image, load of the model."
  type        = number
  default     = 120

  validation {
    condition     = var.worker_warmup_seconds >= 30 && var.worker_warmup_seconds <= 900
    error_message = "worker_warmup_seconds ${var.worker_warmup_seconds} must be 30 to 900."
  }
}

variable "cpu_target" {
  description = "Per cent of their processors that the workers together are kept at."
  type        = number
  default     = 60

  validation {
    condition     = var.cpu_target >= 10 && var.cpu_target <= 90
    error_message = "cpu_target ${var.cpu_target} must be 10 to 90 per cent: above, bursts find no room; below, most of each worker is idle."
  }
}

variable "backlog_target" {
  description = "Photos that may wait for each worker: the seconds that a person may wait, divided by the seconds that a worker needs for a photo. Of 2 processes a sixth of it (docs/scaling.md)."
  type        = number
  default     = 200

  validation {
    condition     = var.backlog_target >= 1 && var.backlog_target <= 10000
    error_message = "backlog_target ${var.backlog_target} must be 1 to 10000 photos a worker."
  }
}
