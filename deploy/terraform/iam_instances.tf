# What site and workers both need of an instance: who may be it, logs, SSM.

data "aws_iam_policy_document" "ec2_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "instance" {
  #checkov:skip=CKV_AWS_111:AWS knows no resource for these actions: see the statement
  #checkov:skip=CKV_AWS_356:AWS knows no resource for these actions: see the statement
  for_each = toset(["site", "worker"])

  statement {
    sid       = "WriteLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.of[each.key].arn}:*"]
  }

  # The agent of SSM: sessions for operators, commands for the roll. The channels have no resource that could be named.
  statement {
    sid = "BeManaged"
    actions = [
      "ssm:UpdateInstanceInformation",
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"]
  }
}
