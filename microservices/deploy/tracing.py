"""Lets a deployed system be explained: puts the tracing handler before the handler of every function.

    deployed as          Handler: microservices.posts.handler.lambda_handler
    while explained      Handler: microservices.tracing.handler.lambda_handler
                         EXPLAINED_HANDLER: microservices.posts.handler.lambda_handler

Templates and functions know nothing of it, so a system that is not explained has no hook to pay for.
"""

from collections.abc import Mapping
from typing import Any

from microservices.deploy import templates
from microservices.deploy.deployment import Deployment
from microservices.deploy.packages import TRACING

HANDLER = f"{TRACING}.lambda_handler"
OWN = "EXPLAINED_HANDLER"


def explain(deployment: Deployment) -> None:
    """Let every function tell what it does from its next start on; those that run start anew."""
    functions = deployment.aws.client("lambda")
    for service in templates.services():
        for function in templates.functions(service):
            name = f"{deployment.stage}-{function}"
            known = functions.get_function_configuration(FunctionName=name)
            functions.update_function_configuration(FunctionName=name, **configured(known))


def configured(known: Mapping[str, Any]) -> dict[str, Any]:
    """Return what changes in a function's configuration."""
    if known["Handler"] == HANDLER:
        return {}
    variables = known.get("Environment", {}).get("Variables", {})
    return {"Handler": HANDLER, "Environment": {"Variables": {**variables, OWN: known["Handler"]}}}
