"""Budget alerts to a real program and to a real server."""

import json
import sys
from decimal import Decimal

import pytest

from autogen_cli.limits.alerts import AlertSender
from autogen_cli.limits.budget import BudgetAlert, Spending
from autogen_cli.providers.fake import LoopbackServer, Reply

ALERT = BudgetAlert(
    percent=80, spending=Spending(period="day", spent=Decimal("0.85"), reserved=Decimal("0.1"), limit=Decimal(1))
)
DOCUMENT = {
    "schema": "autogen.budget_alert/1",
    "period": "day",
    "percent": 80,
    "spent_usd": "0.85",
    "reserved_usd": "0.1",
    "limit_usd": "1",
    "message": "80 % of the budget per day is spent: 0.8500 of 1 USD",
}


class Hook(LoopbackServer):
    def __init__(self, status: int = 200) -> None:
        super().__init__()
        self._status = status

    async def respond(self, received) -> Reply:
        return Reply(status=self._status)


def send(**settings) -> list[str]:
    """Sends the alert and returns the warnings."""
    warnings: list[str] = []
    sender = AlertSender(**settings, on_warning=warnings.append)
    sender(ALERT)
    sender.close()
    return warnings


def test_a_program_gets_it_on_stdin(tmp_path):
    code = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())"
    assert send(argv=[sys.executable, "-c", code, str(tmp_path / "alert")]) == []
    assert json.loads((tmp_path / "alert").read_text()) == DOCUMENT


def test_a_webhook_gets_it_as_json():
    with Hook() as hook:
        assert send(webhook=hook.base_url) == []
        (received,) = hook.requests
    assert (received.method, received.headers["content-type"]) == ("POST", "application/json")
    assert received.json() == DOCUMENT


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (["no-such-program"], "No such file"),
        ([sys.executable, "-c", "exit(3)"], "non-zero exit status 3"),
        (["a\0"], "null byte"),
    ],
)
def test_a_program_that_fails(argv, reason):
    (warning,) = send(argv=argv)
    assert warning.startswith("the budget alert's program ")
    assert reason in warning


def test_a_webhook_that_fails():
    for status in (500, 307):
        with Hook(status) as hook:
            (warning,) = send(webhook=hook.base_url)
        assert f"webhook failed: HTTP Error {status}" in warning


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/", "file:///etc/passwd", "nonsense"])
def test_addresses_that_lead_nowhere(address):
    (warning,) = send(webhook=address)
    assert "webhook failed" in warning


def test_nothing_is_sent_where_nothing_is_configured():
    assert send() == []
