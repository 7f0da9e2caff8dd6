variable "site_instance_type" {
  description = "The EC2 type of each site instance. Families with a g (t4g) need an image for arm64."
  type        = string
  default     = "t3.micro"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*\\.[a-z0-9-]+$", var.site_instance_type))
    error_message = "site_instance_type \"${var.site_instance_type}\" is no instance type; one is t3.micro."
  }
}

variable "site_image" {
  description = "The site's container at its first start, by digest. The roll of the site changes it afterwards; Terraform does not follow."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9._/:-]*@sha256:[0-9a-f]{64}$", var.site_image))
    error_message = "site_image \"${var.site_image}\" must read repository@sha256:… with 64 hexadecimal digits: a tag can come to mean another image."
  }
}

variable "certificate_arn" {
  description = "The certificate in ACM, imported or issued, that the public load balancer shows. Empty: none yet, and so no HTTPS; a self-signed one can only be made once the load balancer has its name."
  type        = string
  default     = ""

  validation {
    condition     = var.certificate_arn == "" || can(regex("^arn:aws[a-z-]*:acm:${var.region}:[0-9]{12}:certificate/.+$", var.certificate_arn))
    error_message = "certificate_arn \"${var.certificate_arn}\" must be a certificate of ACM in ${var.region}."
  }
}

variable "domain" {
  description = "The host name that people and Telegram use, where there is one that leads to the public load balancer. Empty: the load balancer's own."
  type        = string
  default     = ""

  validation {
    condition     = var.domain == "" || can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain \"${var.domain}\" must be a host name alone, without https:// and path."
  }
}

variable "database_instance_class" {
  description = "The RDS class of the PostgreSQL that keeps Django's users and sessions."
  type        = string
  default     = "db.t4g.micro"

  validation {
    condition     = can(regex("^db\\.[a-z0-9-]+\\.[a-z0-9-]+$", var.database_instance_class))
    error_message = "database_instance_class \"${var.database_instance_class}\" is no class of RDS; one is db.t4g.micro."
  }
}

variable "ami" {
  description = "The Amazon Linux 2023 that instances start from. Empty: the newest at the time of the first apply."
  type        = string
  default     = ""

  validation {
    condition     = var.ami == "" || can(regex("^ami-[0-9a-f]{8,17}$", var.ami))
    error_message = "ami \"${var.ami}\" is no image's id; one begins with ami-."
  }
}
