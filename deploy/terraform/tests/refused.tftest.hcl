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

# Mistakes that a plan must not get past. Each run makes several at once, and each variable that is listed has to refuse its own.

run "mistakes" {
  command = plan

  variables {
    availability_zones = ["eu-north-1a", "eu-north-1a"] # the same zone twice
    telegram_cidrs     = ["0.0.0.0/0"]                  # open to everybody
    vpc_cidr           = "10.20.0.0"
    worker_min         = 5                                  # more than worker_max
    site_image         = "docker.io/someone/polybot:latest" # a tag
    github_repository  = "someone/*"
    name               = "polybot-of-a-very-long-name"
    retention_days     = 14                                                 # dead letters stay longer
    certificate_arn    = "arn:aws:acm:us-east-1:123456789012:certificate/1" # of another region
    alarm_email        = "someone"
    cpu_target         = 100
    worker_concurrency = 65
    domain             = "https://bot.example.org/webhook"
  }

  expect_failures = [var.availability_zones, var.telegram_cidrs, var.vpc_cidr, var.worker_min, var.site_image, var.github_repository, var.name, var.retention_days, var.certificate_arn, var.alarm_email, var.cpu_target, var.worker_concurrency, var.domain]
}

run "more_mistakes" {
  command = plan

  variables {
    availability_zones      = ["eu-north-1a"]                     # one zone
    telegram_cidrs          = ["149.154.160.0/20", "128.0.0.0/1"] # half the world
    vpc_cidr                = "10.20.0.0/24"                      # no room for the subnets
    worker_min              = 0
    site_image              = "docker.io/someone/polybot@sha256:aaaa" # cut short
    worker_image            = "docker.io/someone/yolo5:1.0"
    github_branch           = "*"
    name                    = "internal-bot" # which AWS keeps
    log_retention_days      = 30             # more than the receipt of an erasure says
    worker_instance_type    = "t3.micro"     # too little memory
    backlog_target          = 0
    database_instance_class = "t4g.micro"
  }

  expect_failures = [var.availability_zones, var.telegram_cidrs, var.vpc_cidr, var.worker_min, var.site_image, var.worker_image, var.github_branch, var.name, var.log_retention_days, var.worker_instance_type, var.backlog_target, var.database_instance_class]
}

run "still_more_mistakes" {
  command = plan

  variables {
    availability_zones       = ["eu-north-1a", "eu-west-1a"] # two regions
    telegram_cidrs           = []
    worker_min               = 1.5
    site_instance_type       = "small"
    worker_image             = "docker.io/someone/yolo5@sha256:bbbb" # cut short
    worker_warmup_seconds    = 5
    worker_instance_type     = "t3.small" # too little memory for 12 processes
    github_oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/example.org"
    ami                      = "amazon-linux"
    name                     = "Polybot"
    retention_days           = 15.5
  }

  expect_failures = [var.availability_zones, var.telegram_cidrs, var.worker_min, var.site_instance_type, var.worker_image, var.worker_warmup_seconds, var.worker_concurrency, var.github_oidc_provider_arn, var.ami, var.name, var.retention_days]
}

run "mistakes_that_hide_others" {
  command = plan

  variables {
    region             = "Stockholm"
    worker_max         = 1000
    worker_concurrency = 0
  }

  expect_failures = [var.region, var.worker_max, var.worker_concurrency]
}
