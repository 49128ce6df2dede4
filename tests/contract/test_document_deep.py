"""Compare running systems with docs/openapi.yaml by Schemathesis: the operations that test_document.py leaves out."""

from typing import Any

import pytest
import schemathesis

from .client import Api
from .generated_requests import QUICK, check_case, schema_of
from .test_document import ONE

pytestmark = pytest.mark.deep


@schema_of(lambda operation: operation != ONE).parametrize()
@QUICK
def test_answers_are_as_documented(case: schemathesis.Case[Any], live: Api) -> None:
    check_case(case, live)
