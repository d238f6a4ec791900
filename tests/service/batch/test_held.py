"""What is written in groups, and when it is there."""

from decimal import Decimal
from pathlib import Path

from autogen_cli.cache.base import CacheEntry
from autogen_cli.cache.disk import DiskLevel
from autogen_cli.cache.manager import CacheManager
from autogen_cli.cache.memory import MemoryLevel
from autogen_cli.limits.budget import Budget, BudgetAlert
from autogen_cli.limits.spending import FileSpending
from autogen_cli.security.audit import AuditEvent, AuditLog


def entry(key: str) -> CacheEntry:
    return CacheEntry(key=key, value={"of": key}, created=1.0)


async def test_a_held_answer_is_found_here_at_once_and_elsewhere_after_the_flush(tmp_path: Path) -> None:
    memory = MemoryLevel()
    here, elsewhere = CacheManager([memory, DiskLevel(tmp_path)]), DiskLevel(tmp_path)
    here.hold()
    async with here.flight("k") as hit:
        assert hit is None
        here.set(entry("k"))
        here.set(entry("l"))
    found = here.get("k")
    assert found is not None
    assert found.level == "memory"
    assert (elsewhere.get("k"), elsewhere.leases.acquire(["k"], "other", 1)) == (None, [False])
    here.flush()
    assert (elsewhere.get("k"), elsewhere.get("l")) == (entry("k"), entry("l"))
    assert elsewhere.leases.acquire(["k"], "other", 1) == [True]
    assert here.get("k") is not None
    assert memory.count() == 0
    here.set(entry("m"))
    here.close()
    assert elsewhere.get("m") == entry("m")
    elsewhere.close()


def test_held_money_counts_as_its_worst_case_until_the_flush(tmp_path: Path) -> None:
    alerts: list[BudgetAlert] = []
    budget = Budget(FileSpending(tmp_path / "limits.db"), per_run=Decimal(10), on_alert=alerts.append)
    budget.hold()
    together = budget.reserve_together([Decimal(4), Decimal(5), None])
    assert together is None  # a limit, and a price that nobody knows
    reservations = budget.reserve_together([Decimal(4), Decimal(5)])
    assert reservations is not None
    assert budget.reserve_together([Decimal(1), Decimal(1)]) is None
    budget.settle(reservations[0], Decimal("0.5"))
    budget.settle(reservations[1], None)
    assert [period.reserved for period in budget.spending()] == [9, 9, 9]
    assert (budget.flush(), budget.flush()) == (True, False)
    assert [(period.spent, period.reserved) for period in budget.spending()] == [(Decimal("5.5"), 0)] * 3
    assert [alert.percent for alert in alerts] == [50]
    budget.close()


def test_several_entries_of_the_audit_log_are_one_chain(tmp_path: Path) -> None:
    log = AuditLog(tmp_path, full=700)
    log.record({"who": "me", "action": "generate", "outcome": "accepted"}, sync=False)
    for _ in range(2):
        outcomes = ("accepted", "error", "cached")
        log.record(*(AuditEvent(who="me", action="generate", outcome=outcome) for outcome in outcomes), sync=False)
    assert [entry.outcome for entry in log.entries()] == ["accepted", *["accepted", "error", "cached"] * 2]
    verdict = log.verify()
    assert (verdict.entries, verdict.files, verdict.problems) == (7, 3, ())
