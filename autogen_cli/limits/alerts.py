"""Tells others that a budget is running out: a program of the user's, or a webhook."""

import json
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Sequence

from autogen_cli.limits.budget import BudgetAlert

TIMEOUT = 10.0  # seconds for the program, or for the webhook's answer


class AlertSender:
    """argv: a program that gets the alert as JSON on stdin; no shell sees it. webhook: an http(s) address that gets it
    as a POST. Both run on threads of their own, which nobody waits for before `close`. on_warning: told what failed.
    """

    def __init__(
        self, *, argv: Sequence[str] = (), webhook: str | None = None, on_warning: Callable[[str], None]
    ) -> None:
        self._argv = tuple(argv)
        self._webhook = webhook
        self._on_warning = on_warning
        self._threads: list[threading.Thread] = []

    def __call__(self, alert: BudgetAlert) -> None:
        document = to_json(alert).encode()
        for wanted, send in ((self._argv, self._run), (self._webhook, self._post)):
            if wanted:
                self._threads.append(threading.Thread(target=send, args=(document,)))
                self._threads[-1].start()

    def close(self) -> None:
        while self._threads:
            self._threads.pop().join()

    def _run(self, document: bytes) -> None:
        try:
            subprocess.run(self._argv, input=document, check=True, capture_output=True, timeout=TIMEOUT)
        except (OSError, ValueError, subprocess.SubprocessError) as exc:
            self._on_warning(f"the budget alert's program {self._argv[0]} failed: {exc}")

    def _post(self, document: bytes) -> None:
        headers = {"content-type": "application/json"}
        try:
            request = urllib.request.Request(  # noqa: S310 - the opener knows http and https alone
                self._webhook or "", document, headers, method="POST"
            )
            with _web().open(request, timeout=TIMEOUT):
                pass
        except (OSError, ValueError) as exc:
            self._on_warning(f"the budget alert's webhook failed: {exc}")


def _web() -> urllib.request.OpenerDirector:
    """Without files, FTP and redirects."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener


def to_json(alert: BudgetAlert) -> str:
    """`autogen.budget_alert/1`: figures are USD, as text."""
    spending = alert.spending
    return json.dumps(
        {
            "schema": "autogen.budget_alert/1",
            "period": spending.period,
            "percent": alert.percent,
            "spent_usd": str(spending.spent),
            "reserved_usd": str(spending.reserved),
            "limit_usd": str(spending.limit),
            "message": str(alert),
        }
    )
