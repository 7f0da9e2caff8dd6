"""What the rehearsal adds to moto's permissions, over the socket: they are asked as AWS asks them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deploy.rehearse.__main__ import emulator
from deploy.rehearse.account import Account
from deploy.rehearse.world import AMI, REGION

HERE = f"{REGION}:123456789012"
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
COMMAND = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["true"], "executionTimeout": ["5"]}}
KEY = {"name": {"S": "a"}}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with emulator(tmp_path_factory.mktemp("emulator")) as anybody:
        account = anybody.with_administrator()
        key = [{"AttributeName": "name", "KeyType": "HASH"}]
        attributes = [{"AttributeName": "name", "AttributeType": "S"}]
        for table in ("one", "two"):
            account.client("dynamodb").create_table(
                TableName=table, KeySchema=key, AttributeDefinitions=attributes, BillingMode="PAY_PER_REQUEST"
            )
        account.client("ec2").create_launch_template(LaunchTemplateName="ours", LaunchTemplateData={"InstanceType": "t3.micro"})
        for secret in ("known", "unknown"):
            account.client("secretsmanager").create_secret(Name=secret, SecretString="x")
        account.client("sqs").create_queue(QueueName="photos")
        account.client("s3").create_bucket(Bucket="photos", CreateBucketConfiguration={"LocationConstraint": REGION})
        yield account


Permitted = Callable[..., bool]  # of a statement, a service, its operation, the arguments, and perhaps a second statement


@pytest.fixture
def permitted(account: Account) -> Permitted:
    """Whether a role with this statement may make this call."""
    role = f"somebody-{uuid.uuid4().hex[:8]}"
    account.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=document(TRUST))
    credentials = account.assumed(role)

    def ask(statement: dict[str, Any], service: str, operation: str, arguments: dict[str, Any], *more: dict[str, Any]) -> bool:
        policy = document(*({"Effect": "Allow"} | one for one in (statement, *more)))
        account.client("iam").put_role_policy(RoleName=role, PolicyName="one", PolicyDocument=policy)
        account.enforce(on=True)
        try:
            getattr(account.client(service, credentials), operation)(**arguments)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 403 or "AccessDenied" in str(error):
                return False
            raise
        finally:
            account.enforce(on=False)
        return True

    return ask


def launched(account: Account, **tags: str) -> str:
    """An instance with these tags."""
    of_it = [{"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]
    ec2 = account.client("ec2")
    return str(ec2.run_instances(ImageId=AMI, MinCount=1, MaxCount=1, TagSpecifications=of_it)["Instances"][0]["InstanceId"])


def put(table: str) -> dict[str, Any]:
    return {"Put": {"TableName": table, "Item": KEY}}


def allow(*actions: str, on: str) -> dict[str, Any]:
    return {"Action": list(actions), "Resource": on}


def batch(*tables: str) -> dict[str, Any]:
    return {"RequestItems": {table: {"Keys": [KEY]} for table in tables}}


def query(of: str) -> dict[str, Any]:
    named = {"KeyConditionExpression": "#n = :wanted", "ExpressionAttributeNames": {"#n": "name"}}
    return {"TableName": "one", **named, "ExpressionAttributeValues": {":wanted": {"S": of}}}


def only(key: str, value: str, operator: str = "StringEquals") -> dict[str, Any]:
    return {"Condition": {operator: {key: value}}}


TABLE_ONE = f"arn:aws:dynamodb:{HERE}:table/one"
LEADING = only("dynamodb:LeadingKeys", "a", "ForAllValues:StringEquals")
METRIC = {"MetricData": [{"MetricName": "x", "Value": 1}]}
PHOTOS = f"arn:aws:sqs:{HERE}:photos"
ENTRIES = [{"Id": "1", "MessageBody": "x"}]


@pytest.mark.parametrize(
    ("statement", "call", "expected"),
    [
        (allow("dynamodb:GetItem", on=TABLE_ONE), ("dynamodb", "get_item", {"TableName": "one", "Key": KEY}), True),
        (allow("dynamodb:GetItem", on=TABLE_ONE), ("dynamodb", "get_item", {"TableName": "two", "Key": KEY}), False),
        (allow("dynamodb:PutItem", on=TABLE_ONE), ("dynamodb", "transact_write_items", {"TransactItems": [put("one")]}), True),
        (allow("dynamodb:PutItem", on=TABLE_ONE), ("dynamodb", "transact_write_items", {"TransactItems": [put("one"), put("two")]}), False),
        (allow("dynamodb:UpdateItem", on=TABLE_ONE), ("dynamodb", "transact_write_items", {"TransactItems": [put("one")]}), False),
        (allow("dynamodb:BatchGetItem", on=TABLE_ONE), ("dynamodb", "batch_get_item", batch("one")), True),
        (allow("dynamodb:BatchGetItem", on=TABLE_ONE), ("dynamodb", "batch_get_item", batch("one", "two")), False),
        (allow("dynamodb:PutItem", on=TABLE_ONE) | LEADING, ("dynamodb", "put_item", {"TableName": "one", "Item": KEY}), True),
        (
            allow("dynamodb:PutItem", on=TABLE_ONE) | LEADING,
            ("dynamodb", "put_item", {"TableName": "one", "Item": {"name": {"S": "b"}}}),
            False,
        ),
        (allow("dynamodb:Query", on=TABLE_ONE) | LEADING, ("dynamodb", "query", query("a")), True),
        (allow("dynamodb:Query", on=TABLE_ONE) | LEADING, ("dynamodb", "query", query("b")), False),
        (
            allow("cloudwatch:PutMetricData", on="*") | only("cloudwatch:namespace", "ours"),
            ("cloudwatch", "put_metric_data", {"Namespace": "ours", **METRIC}),
            True,
        ),
        (
            allow("cloudwatch:PutMetricData", on="*") | only("cloudwatch:namespace", "ours"),
            ("cloudwatch", "put_metric_data", {"Namespace": "theirs", **METRIC}),
            False,
        ),
        (allow("ssm:GetParameter", on="*"), ("ssm", "put_parameter", {"Name": "/x", "Value": "x", "Type": "String"}), False),
        (
            allow("ssm:PutParameter", on=f"arn:aws:ssm:{HERE}:parameter/x/*"),
            ("ssm", "put_parameter", {"Name": "/x/y", "Value": "x", "Type": "String"}),
            True,
        ),
        (
            allow("ssm:PutParameter", on=f"arn:aws:ssm:{HERE}:parameter/x/*"),
            ("ssm", "put_parameter", {"Name": "/z", "Value": "x", "Type": "String"}),
            False,
        ),
        (allow("sqs:GetQueueUrl", on=PHOTOS), ("sqs", "get_queue_url", {"QueueName": "photos"}), True),
        (allow("sqs:GetQueueUrl", on=f"{PHOTOS}-dead"), ("sqs", "get_queue_url", {"QueueName": "photos"}), False),
        (allow("s3:ListBucket", on="arn:aws:s3:::photos"), ("s3", "head_bucket", {"Bucket": "photos"}), True),
        (allow("s3:GetObject", on="arn:aws:s3:::photos/*"), ("s3", "head_bucket", {"Bucket": "photos"}), False),
        (
            allow("cloudwatch:PutMetricData", on="*"),
            ("cloudwatch", "put_metric_data", {"Namespace": "x", "MetricData": [{"MetricName": "x", "Value": 1}]}),
            True,
        ),
    ],
)
def test_a_statement_permits_what_it_names_and_no_more(
    permitted: Permitted, statement: dict[str, Any], call: tuple[str, str, dict[str, Any]], expected: bool
) -> None:
    assert permitted(statement, *call) is expected


@pytest.mark.parametrize(("named", "expected"), [("known", True), ("unknown", False)])
def test_a_secret_is_permitted_by_its_arn(account: Account, permitted: Permitted, named: str, expected: bool) -> None:
    arn = account.client("secretsmanager").describe_secret(SecretId="known")["ARN"]
    statement = allow("secretsmanager:GetSecretValue", on=arn)
    assert permitted(statement, "secretsmanager", "get_secret_value", {"SecretId": named}) is expected


@pytest.mark.parametrize(("action", "expected"), [("sqs:SendMessage", True), ("sqs:ReceiveMessage", False)])
def test_a_batch_needs_the_permission_of_its_parts(account: Account, permitted: Permitted, action: str, expected: bool) -> None:
    url = account.client("sqs").get_queue_url(QueueName="photos")["QueueUrl"]
    assert permitted(allow(action, on=PHOTOS), "sqs", "send_message_batch", {"QueueUrl": url, "Entries": ENTRIES}) is expected


@pytest.mark.parametrize(
    ("actions", "version", "expected"),
    [
        (("s3:DeleteObject", "s3:DeleteObjectVersion"), "null", True),
        (("s3:DeleteObjectVersion",), "null", False),
        (("s3:DeleteObject",), "null", False),
        (("s3:DeleteObject",), None, True),
    ],
)
def test_deleting_several_photos_is_asked_of_photos(
    account: Account, permitted: Permitted, actions: tuple[str, ...], version: str | None, expected: bool
) -> None:
    account.client("s3").put_object(Bucket="photos", Key="b", Body=b"x")
    one = {"Key": "b"} | ({"VersionId": version} if version else {})
    arguments = {"Bucket": "photos", "Delete": {"Objects": [one]}}
    permitted(allow(*actions, on="arn:aws:s3:::photos/*"), "s3", "delete_objects", arguments)  # answers 200 in any case
    left = account.client("s3").list_objects_v2(Bucket="photos").get("Contents", [])
    assert ("b" not in [found["Key"] for found in left]) is expected


@pytest.mark.parametrize(("named", "expected"), [("ours", True), ("theirs", False)])
def test_a_template_that_is_named_is_permitted_by_its_arn(account: Account, permitted: Permitted, named: str, expected: bool) -> None:
    ec2 = account.client("ec2")
    (ours,) = ec2.describe_launch_templates(LaunchTemplateNames=["ours"])["LaunchTemplates"]
    arn = f"arn:aws:ec2:{HERE}:launch-template/{ours['LaunchTemplateId'] if named == 'ours' else 'lt-1'}"
    arguments = {"LaunchTemplateName": "ours", "DefaultVersion": "1"}
    assert permitted(allow("ec2:ModifyLaunchTemplate", on=arn), "ec2", "modify_launch_template", arguments) is expected


@pytest.mark.parametrize(("side", "expected"), [("site", True), ("worker", False)])
def test_a_command_is_permitted_by_its_instances_tags(account: Account, permitted: Permitted, side: str, expected: bool) -> None:
    instance = launched(account, Side="site", Service="ours")
    account.client("ssm").put_parameter(Name="/ours/site/image", Value="polybot", Type="String", Overwrite=True)
    statement = allow("ssm:SendCommand", on="*") | only("ssm:resourceTag/Side", side)
    # The document has no tags, and is permitted by a statement of its own.
    document_too = {"Action": "ssm:SendCommand", "Resource": f"arn:aws:ssm:{REGION}::document/*"}
    arguments = COMMAND | {"InstanceIds": [instance]}
    assert permitted(statement, "ssm", "send_command", arguments, document_too) is expected


def test_what_was_permitted_is_written_down(account: Account, permitted: Permitted) -> None:
    before = account.asked()
    assert permitted(allow("dynamodb:GetItem", on=TABLE_ONE), "dynamodb", "get_item", {"TableName": "one", "Key": KEY})
    assert not permitted(allow("dynamodb:GetItem", on=TABLE_ONE), "dynamodb", "get_item", {"TableName": "two", "Key": KEY})
    assert [(action, on) for who, action, on in account.asked() - before] == [("dynamodb:GetItem", TABLE_ONE)]


@pytest.mark.parametrize(("listed", "told"), [(True, "NoSuchKey"), (False, "AccessDenied")])
def test_of_a_photo_that_is_not_there_only_who_may_list_hears_so(permitted: Permitted, listed: bool, told: str) -> None:
    get = allow("s3:GetObject", on="arn:aws:s3:::photos/*")
    more = [{"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::photos"}] if listed else []
    answered = "AccessDenied"
    try:
        permitted(get, "s3", "get_object", {"Bucket": "photos", "Key": "nobody's"}, *more)
    except ClientError as error:
        answered = error.response["Error"]["Code"]
    assert answered == told


def test_without_tls_is_what_the_emulator_never_is(account: Account, permitted: Permitted) -> None:
    s3, get = account.client("s3"), {"Bucket": "guarded", "Key": "a"}
    s3.create_bucket(Bucket="guarded", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(**get, Body=b"x")
    denied = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::guarded/*"}
    s3.put_bucket_policy(Bucket="guarded", Policy=document(denied | {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}))
    assert permitted(allow("s3:GetObject", on="arn:aws:s3:::guarded/*"), "s3", "get_object", get)
    s3.put_bucket_policy(Bucket="guarded", Policy=document(denied))
    assert not permitted(allow("s3:GetObject", on="arn:aws:s3:::guarded/*"), "s3", "get_object", get)


def test_a_statement_is_missing_only_meanwhile(account: Account, tmp_path: Path) -> None:
    iam = account.client("iam")
    iam.create_role(RoleName="other", AssumeRolePolicyDocument=document(TRUST))
    iam.put_role_policy(
        RoleName="other",
        PolicyName="p",
        PolicyDocument=document(*({"Sid": sid, "Effect": "Allow"} | allow("s3:GetObject", on="*") for sid in "AB")),
    )
    with account.without("other", "p", "A"):
        assert [one["Sid"] for one in account.statements("other", "p")] == ["B"]
    assert [one["Sid"] for one in account.statements("other", "p")] == ["A", "B"]
    assert "iam other" in account.left("other")


def test_a_role_is_taken_out_of_a_profile_once(account: Account) -> None:
    """Terraform takes it so that what is not there is gone, and tries again for minutes where the emulator breaks."""
    iam = account.client("iam")
    iam.create_role(RoleName="taken-out", AssumeRolePolicyDocument=document(TRUST))
    iam.create_instance_profile(InstanceProfileName="ours")
    iam.add_role_to_instance_profile(InstanceProfileName="ours", RoleName="taken-out")
    iam.remove_role_from_instance_profile(InstanceProfileName="ours", RoleName="taken-out")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.remove_role_from_instance_profile(InstanceProfileName="ours", RoleName="taken-out")
