"""A worker process of the workshop: jobs in company, and what a job that kills it does to the others."""

import asyncio
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from autogen_cli.errors import AutogenError, TargetError
from autogen_cli.service.batch.bench import MOST_JOBS, TRIES, Bench


def double(number: int) -> int:
    return 2 * number


def refuse(name: str) -> None:
    raise TargetError(f"{name} is nowhere")


def crash(name: str) -> None:
    raise ZeroDivisionError(name)


def die(_name: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Shop:
    """Counts the processes that it starts."""

    def __init__(self) -> None:
        self.started = 0

    def pool(self) -> ProcessPoolExecutor:
        self.started += 1
        return ProcessPoolExecutor(1, mp_context=get_context("spawn"))

    def run(self, *jobs: tuple[Callable[..., Any], Any]) -> list[Any]:
        async def all_of_them() -> list[Any]:
            bench = Bench(self.pool)
            try:
                return await asyncio.gather(*(bench.do(*job) for job in jobs), return_exceptions=True)
            finally:
                bench.close()

        return asyncio.run(all_of_them())


def test_jobs_go_together_and_come_back_in_their_places() -> None:
    shop = Shop()
    jobs = [(double, number) for number in range(4 * MOST_JOBS)]
    assert shop.run(*jobs, (refuse, "x"), (double, 9))[-3:-2] == [2 * (4 * MOST_JOBS - 1)]
    assert shop.started == 1


def test_an_error_is_that_of_its_own_job() -> None:
    found = Shop().run((double, 1), (double, 2), (refuse, "x"), (crash, "y"), (double, 3))
    assert found[:2] == [2, 4]
    assert isinstance(found[2], TargetError)
    assert isinstance(found[3], ZeroDivisionError)
    assert found[4] == 6


def test_a_job_that_kills_its_worker_again_and_again_takes_no_other_with_it() -> None:
    shop = Shop()
    found = shop.run((double, 1), (double, 2), (double, 3), (die, "x"), (double, 4))
    assert found[:3] == [2, 4, 6]
    assert found[4] == 8
    with pytest.raises(AutogenError, match="killed again and again"):
        raise found[3]
    assert shop.started == TRIES + 2


def test_a_job_that_nobody_waits_for_isnt_sent() -> None:
    async def one_given_up() -> int:
        bench = Bench(Shop().pool)
        try:
            others = [asyncio.create_task(bench.do(double, number)) for number in range(3)]
            given_up = asyncio.create_task(bench.do(double, 99))
            await asyncio.sleep(0)
            given_up.cancel()
            assert await asyncio.gather(*others) == [0, 2, 4]
            assert bench.waiting == 0
            return await bench.do(double, 4)
        finally:
            bench.close()

    assert asyncio.run(one_given_up()) == 8
