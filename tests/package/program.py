"""A program of somebody else, as type checkers see it beside the installed package (`make package`); it never runs."""

from decimal import Decimal
from typing import assert_type

import autogenlib
from autogenlib import (
    AutogenClient,
    AutogenError,
    BatchGenerator,
    CodeContext,
    CostEstimator,
    GeneratedCode,
    GenerationRequest,
    TimeRange,
    UsageReport,
    run,
)


async def write_helper(org: str, token: str) -> GeneratedCode:
    async with AutogenClient(org_id=org, token=token) as client:
        assert_type(client, AutogenClient)
        assert_type(await client.generate_simple("a function that adds"), str)
        assert_type(await client.context("mymodule.utils", "helper"), CodeContext)
        return await client.generate_code("mymodule.utils", "helper")


def cost(results: list[GeneratedCode]) -> Decimal | None:
    return results[0].usage.cost_usd if results else None


def main() -> int:
    autogenlib.init("A program that checks types.", enable_caching=True)
    request = GenerationRequest(module="mymodule.utils", symbol="helper")
    assert_type(request.symbol, str | None)
    try:
        code = run(write_helper("1", "token"))
    except AutogenError as error:
        assert_type(error.exit_code, int)
        return error.exit_code
    assert_type(code, GeneratedCode)
    assert_type(code.code, str)
    return len(code.code)


PUBLIC = (BatchGenerator, CostEstimator, TimeRange, UsageReport)
MISSPELT = autogenlib.AutogenClint  # type: ignore[attr-defined]  # an error: unused, this ignore would be one
