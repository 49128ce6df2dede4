"""Compare running systems with docs/openapi.yaml by Schemathesis: requests of one operation, and chains along its links.

test_document_deep.py has the other operations, since generating their requests at import takes each process seconds.
"""

from typing import Any

import schemathesis
from hypothesis import settings
from openapi_spec_validator import validate

from .client import Api
from .generated_requests import QUICK, authorization, check_case, schema_of
from .openapi import document

ONE = "publish"
CHAINS, STEPS = 8, 8


def test_the_document_is_openapi() -> None:
    validate(document())


@schema_of(lambda operation: operation == ONE).parametrize()
@QUICK
def test_answers_are_as_documented(case: schemathesis.Case[Any], live: Api) -> None:
    check_case(case, live)


def test_chains_of_requests_are_answered_as_documented(live: Api) -> None:
    """Publish a post, then read, revise, vote and withdraw it in random order, along the document's links."""

    class Chains(schema_of(lambda _: True).as_state_machine()):  # type: ignore[misc]
        def get_call_kwargs(self, case: schemathesis.Case[Any]) -> dict[str, Any]:
            return {"base_url": str(live.client.base_url), "headers": authorization(case, live)}

    Chains.run(settings=settings(QUICK, max_examples=CHAINS, stateful_step_count=STEPS))
