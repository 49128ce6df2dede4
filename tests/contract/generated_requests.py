"""Valid and invalid requests that Schemathesis generates from docs/openapi.yaml."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any
from urllib.parse import unquote

import schemathesis
from hypothesis import HealthCheck, assume, settings
from schemathesis.config import SchemathesisConfig

from .client import Api
from .openapi import document

EXAMPLES = 12  # random examples, in addition to those that cover each rule of a schema
QUICK = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
ACCEPTED = ["2xx", "401", "403", "404", "409"]
BEYOND_SCHEMAS = {  # rules that a schema cannot express: cursors, exclusive filters, ETags, images
    "list_posts": "422",
    "list_orders": "422",
    "search": "422",
    "revise_post": "412",
    "upload_avatar": "422",
}
# A new user has no avatar yet, so its 404 is correct.
CONFIG = SchemathesisConfig.from_dict(
    {
        "generation": {"deterministic": True, "max-examples": EXAMPLES, "allow-extra-parameters": False},
        "phases": {"coverage": {"unexpected-methods": []}},
        "operations": [
            {
                "include-operation-id": operation,
                "checks": {"positive_data_acceptance": {"expected-statuses": [*ACCEPTED, status]}},
            }
            for operation, status in BEYOND_SCHEMAS.items()
        ]
        + [{"include-operation-id": "read_avatar", "checks": {"ensure_resource_availability": {"enabled": False}}}],
    }
)


def schema_of(wanted: Callable[[str], bool]) -> Any:
    """Return the schema of the operations whose id is wanted."""
    own = deepcopy(document())  # Schemathesis changes what it is given
    paths = {
        path: {
            method: operation
            for method, operation in item.items()
            if method == "parameters" or wanted(operation["operationId"])
        }
        for path, item in own["paths"].items()
    }
    return schemathesis.openapi.from_dict({**own, "paths": paths}, config=CONFIG)


def check_case(case: schemathesis.Case[Any], live: Api) -> None:
    """Send a generated request and check the answer against the document."""
    assume(_reaches_the_bucket(case, live))
    case.call_and_validate(base_url=str(live.client.base_url), headers=authorization(case, live))


def _reaches_the_bucket(case: schemathesis.Case[Any], live: Api) -> bool:
    """Return whether the local gateway can pass the path on to S3. It fails on spaces and non-ASCII characters."""
    if case.operation.definition.raw["operationId"] != "site_file" or "_aws" not in str(live.client.base_url):
        return True
    return all("!" <= character <= "~" for character in unquote(case.path_parameters["name"]))


def authorization(case: schemathesis.Case[Any], live: Api) -> dict[str, str]:
    if "security" not in case.operation.definition.raw:
        return {}
    return {"Authorization": f"Bearer {live.crowd(1)[0].token}"}
