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

# Told apart, since each has its place.
override_resource {
  target = aws_sqs_queue.dead
  values = { arn = "arn:aws:sqs:eu-north-1:123456789012:dead" }
}

override_resource {
  target = aws_secretsmanager_secret.of["results-keys"]
  values = { arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:results-keys" }
}

run "by_default" {
  assert {
    condition = alltrue(flatten([
      for document in [
        data.aws_iam_policy_document.site, data.aws_iam_policy_document.worker, data.aws_iam_policy_document.workflow, data.aws_iam_policy_document.schedule,
        data.aws_iam_policy_document.instance["site"], data.aws_iam_policy_document.instance["worker"],
      ] :
      [for statement in document.statement : [for action in statement.actions : !strcontains(action, "*")]]
    ]))
    error_message = "Each action is named."
  }

  assert {
    condition = toset(flatten([
      for side, document in {
        site   = data.aws_iam_policy_document.site, worker = data.aws_iam_policy_document.worker, workflow = data.aws_iam_policy_document.workflow,
        common = data.aws_iam_policy_document.instance["site"],
      } :
      [for statement in document.statement : "${side}.${statement.sid}" if contains(statement.resources, "*")]
    ])) == toset(["common.BeManaged", "site.Watch", "worker.FindGroup", "workflow.Look"])
    error_message = "Only actions for which AWS knows no resource have none."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.site.statement : one(one(statement.condition).values) if statement.sid == "Watch"]) == "polybot"
    error_message = "The site writes metrics into our namespace alone."
  }

  assert {
    condition     = one(data.aws_iam_policy_document.ec2_trust.statement[0].principals).identifiers == toset(["ec2.amazonaws.com"])
    error_message = "Instances alone have the instances' roles."
  }

  assert {
    condition = { for condition in data.aws_iam_policy_document.workflow_trust.statement[0].condition : "${condition.test} ${condition.variable}" => one(condition.values) } == {
      "StringEquals token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
      "StringEquals token.actions.githubusercontent.com:sub" = "repo:someone/polybot:ref:refs/heads/main"
    }
    error_message = "One branch of one repository rolls out."
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 1 && aws_iam_openid_connect_provider.github[0].url == "https://token.actions.githubusercontent.com"
    error_message = "GitHub vouches for it."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.worker.statement : one(statement.resources) if statement.sid == "Secrets"]) == aws_secretsmanager_secret.of["results-keys"].arn
    error_message = "A worker reads the keys of /results and no other secret."
  }

  assert {
    condition     = !contains(flatten([for statement in data.aws_iam_policy_document.worker.statement : tolist(statement.actions)]), "cloudwatch:PutMetricData")
    error_message = "A worker's metrics are lines of its log."
  }

  assert {
    condition = { for side, document in { site = data.aws_iam_policy_document.site, worker = data.aws_iam_policy_document.worker } : side => toset([
      for statement in document.statement : statement.sid if contains(statement.actions, "sqs:ReceiveMessage")
    ]) } == { site = toset(["DeadLetters"]), worker = toset(["Work"]) }
    error_message = "The site takes dead letters alone, a worker what is alive."
  }

  assert {
    condition = toset(one([for statement in data.aws_iam_policy_document.site.statement : tolist(statement.resources) if statement.sid == "DeadLetters"])) == toset([
      for queue in aws_sqs_queue.dead : queue.arn
    ]) && aws_sqs_queue.dead["photos"].arn != aws_sqs_queue.of["photos"].arn
    error_message = "Dead letters lie in the dead-letter queues."
  }

  assert {
    condition = { for name, statement in merge([
      for side, document in { site = data.aws_iam_policy_document.site, worker = data.aws_iam_policy_document.worker } :
      { for statement in document.statement : "${side}.${statement.sid}" => statement }
      ]...) : name => "${one(statement.condition).test} ${one(statement.condition).variable} ${one(one(statement.condition).values)}"
      if contains(["site.Pause", "worker.Register", "worker.SeePaused"], name)
      } == {
      "site.Pause"       = "ForAllValues:StringEquals dynamodb:LeadingKeys paused-queues"
      "worker.Register"  = "ForAllValues:StringEquals dynamodb:LeadingKeys workers"
      "worker.SeePaused" = "ForAllValues:StringEquals dynamodb:LeadingKeys paused-queues"
    }
    error_message = "In the workers' table each side writes its own partition."
  }

  assert {
    condition = { for condition in one([for statement in data.aws_iam_policy_document.workflow.statement : statement if statement.sid == "OnInstances"]).condition :
      condition.variable => toset(condition.values)
    } == { "ssm:resourceTag/Service" = toset(["polybot"]), "ssm:resourceTag/Side" = toset(["site", "worker"]) }
    error_message = "A roll sends commands to this service's instances alone, of both sides."
  }

  assert {
    condition = [for statement in data.aws_iam_policy_document.workflow.statement : one(statement.resources) if contains(statement.actions, "ssm:GetParameterHistory")] == [
      "arn:aws:ssm:eu-north-1:${local.account}:parameter/polybot/site/image"
    ]
    error_message = "A roll of the site finds the image before."
  }

  assert {
    condition     = aws_iam_instance_profile.site.role == aws_iam_role.site.name && aws_iam_instance_profile.worker.role == aws_iam_role.worker.name
    error_message = "Each side has its own role."
  }
}

run "oidc_provider_that_is_there" {
  variables {
    github_oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0 && one(one(data.aws_iam_policy_document.workflow_trust.statement[0].principals).identifiers) == var.github_oidc_provider_arn
    error_message = "The account's own is used."
  }
}
