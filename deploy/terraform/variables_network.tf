variable "availability_zones" {
  description = "Where the subnets are: one public and one private in each. One site instance runs in each."
  type        = list(string)

  validation {
    condition     = length(var.availability_zones) >= 2 && length(var.availability_zones) <= 6
    error_message = "availability_zones has ${length(var.availability_zones)}; a load balancer needs 2, and there is room for 6."
  }

  validation {
    condition     = length(distinct(var.availability_zones)) == length(var.availability_zones)
    error_message = "availability_zones names a zone twice (${join(", ", var.availability_zones)}): each takes one subnet."
  }

  validation {
    condition     = alltrue([for zone in var.availability_zones : startswith(zone, var.region)])
    error_message = "availability_zones (${join(", ", var.availability_zones)}) must lie in region ${var.region}."
  }
}

variable "vpc_cidr" {
  description = "Addresses of the network, /16 to /20. The public subnets take its first half, the private ones its second."
  type        = string
  default     = "10.20.0.0/16"

  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0)) && try(tonumber(split("/", var.vpc_cidr)[1]), 0) >= 16 && try(tonumber(split("/", var.vpc_cidr)[1]), 99) <= 20
    error_message = "vpc_cidr \"${var.vpc_cidr}\" must be a block of IPv4 addresses between /16 and /20."
  }
}

variable "telegram_cidrs" {
  description = "Where Telegram calls the webhook from (core.telegram.org/bots/webhooks); nobody else reaches the public load balancer."
  type        = list(string)
  default     = ["149.154.160.0/20", "91.108.4.0/22"]

  validation {
    condition     = length(var.telegram_cidrs) > 0 && alltrue([for block in var.telegram_cidrs : can(cidrhost(block, 0))])
    error_message = "telegram_cidrs (${join(", ", var.telegram_cidrs)}) must be one or more blocks of IPv4 addresses."
  }

  validation {
    condition     = alltrue([for block in var.telegram_cidrs : try(tonumber(split("/", block)[1]), 0) >= 16])
    error_message = "telegram_cidrs (${join(", ", var.telegram_cidrs)}) opens more than a /16: Telegram's own blocks are a /20 and a /22."
  }
}
