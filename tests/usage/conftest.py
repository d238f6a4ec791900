from collections.abc import Callable
from decimal import Decimal

import pytest

from autogen_cli.models import UsageEvent

type MakeEvent = Callable[..., UsageEvent]


@pytest.fixture
def make_event() -> MakeEvent:
    """A paid call that was accepted, unless other fields are given."""

    def make(time: float = 1_700_000_000.0, **fields: object) -> UsageEvent:
        given = {
            "command": "generate",
            "module": "pkg.mod",
            "symbol": "f",
            "provider": "openai",
            "model": "m-1",
            "outcome": "accepted",
            "input_tokens": 1000,
            "output_tokens": 100,
            "cost_usd": Decimal("0.01"),
            "cost_source": "computed",
            "duration_ms": 900,
        }
        return UsageEvent(time=time, **{**given, **fields})

    return make
