"""Compare running systems with docs/openapi.yaml by Schemathesis: valid and invalid requests, and chains along its links."""

from typing import Any
from urllib.parse import unquote

import schemathesis
from hypothesis import HealthCheck, assume, settings
from openapi_spec_validator import validate
from schemathesis.config import SchemathesisConfig

from .client import Api
from .openapi import ROOT, document

EXAMPLES = 12  # in addition to the examples that cover each rule of a schema
CHAINS, STEPS = 8, 8
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
SCHEMA = schemathesis.openapi.from_path(ROOT / "docs" / "openapi.yaml", config=CONFIG)


def test_the_document_is_openapi() -> None:
    validate(document())


@SCHEMA.parametrize()
@QUICK
def test_answers_are_as_documented(case: schemathesis.Case[Any], live: Api) -> None:
    assume(_reaches_the_bucket(case, live))
    case.call_and_validate(base_url=str(live.client.base_url), headers=_authorization(case, live))


def _reaches_the_bucket(case: schemathesis.Case[Any], live: Api) -> bool:
    """Return whether the local gateway can pass the path on to S3. It fails on spaces and non-ASCII characters."""
    if case.operation.definition.raw["operationId"] != "site_file" or "_aws" not in str(live.client.base_url):
        return True
    return all("!" <= character <= "~" for character in unquote(case.path_parameters["name"]))


def _authorization(case: schemathesis.Case[Any], live: Api) -> dict[str, str]:
    if "security" not in case.operation.definition.raw:
        return {}
    return {"Authorization": f"Bearer {live.crowd(1)[0].token}"}


def test_chains_of_requests_are_answered_as_documented(live: Api) -> None:
    """Publish a post, then read, revise, vote and withdraw it in random order, along the document's links."""

    class Chains(SCHEMA.as_state_machine()):  # type: ignore[misc]
        def get_call_kwargs(self, case: schemathesis.Case[Any]) -> dict[str, Any]:
            return {"base_url": str(live.client.base_url), "headers": _authorization(case, live)}

    Chains.run(settings=settings(QUICK, max_examples=CHAINS, stateful_step_count=STEPS))
