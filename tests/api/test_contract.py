"""Whatever is asked: the API answers as its own document says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from access_builders import make_project, served
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

EXAMPLES = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
HEADERS = {"Host": "localhost"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The document of a small project's API."""
    small = make_project(tmp_path_factory.mktemp("api"))
    with served(small) as (app, _):
        yield schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, headers=HEADERS)


def test_every_answer_is_as_documented(api: Any) -> None:
    """Status, media type, shape and headers fit the document, for legal and illegal requests."""
    operations = [found.ok() for found in api.get_all_operations()]
    assert len(operations) >= 16
    for operation in operations:
        legal = operation.as_strategy(GenerationMode.POSITIVE)
        illegal = operation.as_strategy(GenerationMode.NEGATIVE)

        @EXAMPLES
        @given(case=legal | illegal)
        def check(case: Any) -> None:
            case.call_and_validate(headers=HEADERS)

        check()
