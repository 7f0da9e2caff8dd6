# GitHub's workflows sign in by OIDC: no key of AWS is stored there. One repository and one branch may.

resource "aws_iam_openid_connect_provider" "github" {
  count = var.github_oidc_provider_arn == "" ? 1 : 0

  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "workflow_trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [var.github_oidc_provider_arn == "" ? aws_iam_openid_connect_provider.github[0].arn : var.github_oidc_provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:${var.github_repository}:ref:refs/heads/${var.github_branch}"]
    }
  }
}

locals {
  ec2 = "arn:aws:ec2:${var.region}:${local.account}"
  ssm = "arn:aws:ssm:${var.region}:${local.account}"
}

data "aws_iam_policy_document" "workflow" {
  #checkov:skip=CKV_AWS_356:Describe… and GetCommandInvocation have no resource; they change nothing

  # The image of the site, and the lock of each side's roll.
  statement {
    sid       = "Parameters"
    actions   = ["ssm:GetParameter", "ssm:PutParameter"]
    resources = ["${local.ssm}:parameter/${var.name}/site/image", "${local.ssm}:parameter/${var.name}/roll/*"]
  }

  # The image before the one that is rolled out: what there is to go back to.
  statement {
    sid       = "EarlierImages"
    actions   = ["ssm:GetParameterHistory"]
    resources = ["${local.ssm}:parameter/${var.name}/site/image"]
  }

  statement {
    sid       = "Unlock"
    actions   = ["ssm:DeleteParameter"]
    resources = ["${local.ssm}:parameter/${var.name}/roll/*"]
  }

  statement {
    sid       = "RunScript"
    actions   = ["ssm:SendCommand"]
    resources = ["arn:aws:ssm:${var.region}::document/AWS-RunShellScript"]
  }

  # An instance of the site is made to start its image, one of the workers is asked whether its container works.
  statement {
    sid       = "OnInstances"
    actions   = ["ssm:SendCommand"]
    resources = ["${local.ec2}:instance/*"]

    condition {
      test     = "StringEquals"
      variable = "ssm:resourceTag/Service"
      values   = [var.name]
    }

    condition {
      test     = "StringEquals"
      variable = "ssm:resourceTag/Side"
      values   = ["site", "worker"]
    }
  }

  statement {
    sid       = "Targets"
    actions   = ["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"]
    resources = [for group in aws_lb_target_group.site : group.arn]
  }

  statement {
    sid       = "Template"
    actions   = ["ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate"]
    resources = [aws_launch_template.worker.arn]
  }

  # No RollbackInstanceRefresh: AWS refuses it for a group that launches $Default, and the roll goes back by a further refresh.
  statement {
    sid       = "Refresh"
    actions   = ["autoscaling:StartInstanceRefresh", "autoscaling:CancelInstanceRefresh"]
    resources = ["arn:aws:autoscaling:${var.region}:${local.account}:autoScalingGroup:*:autoScalingGroupName/${var.name}-worker"]
  }

  statement {
    sid = "Look"
    actions = [
      "autoscaling:DescribeAutoScalingGroups",
      "autoscaling:DescribeInstanceRefreshes",
      "ec2:DescribeInstances",
      "ec2:DescribeLaunchTemplateVersions",
      "elasticloadbalancing:DescribeTargetGroups",
      "elasticloadbalancing:DescribeTargetHealth",
      "ssm:GetCommandInvocation",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role" "workflow" {
  name                 = "${var.name}-workflow"
  description          = "GitHub's workflows on ${var.github_branch} of ${var.github_repository}: they roll out"
  assume_role_policy   = data.aws_iam_policy_document.workflow_trust.json
  max_session_duration = 2 * 3600
}

resource "aws_iam_role_policy" "workflow" {
  name   = "workflow"
  role   = aws_iam_role.workflow.id
  policy = data.aws_iam_policy_document.workflow.json
}
