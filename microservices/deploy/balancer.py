"""Set up the load balancer on the local AWS. On AWS the template does all of it."""

from typing import Any

from microservices.deploy import templates
from microservices.deploy.deployment import Clients, Deployment

SERVICE = "balancer"


def network(aws: Clients) -> dict[str, str]:
    """Return the stack parameters of the account's default network."""
    ec2 = aws.client("ec2")
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]
    return {"VpcId": vpc["VpcId"], "SubnetIds": ",".join(each["SubnetId"] for each in subnets)}


def register_targets(deployment: Deployment) -> None:
    """Register the targets of each target group: the local CloudFormation ignores `Targets`."""
    cloudformation, balancers = deployment.aws.client("cloudformation"), deployment.aws.client("elbv2")
    exports = {each["Name"]: each["Value"] for each in cloudformation.list_exports()["Exports"]}
    groups = {each["TargetGroupName"]: each["TargetGroupArn"] for each in _groups(balancers)}
    for group in templates.resources(SERVICE, "AWS::ElasticLoadBalancingV2::TargetGroup").values():
        names = [each["Id"]["Fn::ImportValue"]["Fn::Sub"] for each in group["Targets"]]
        targets = [{"Id": exports[name.replace("${Stage}", deployment.stage)]} for name in names]
        arn = groups[f"{deployment.stage}-{templates.name_in_stage(group['Name'])}"]
        balancers.register_targets(TargetGroupArn=arn, Targets=targets)


def _groups(balancers: Any) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = balancers.describe_target_groups()["TargetGroups"]
    return groups
