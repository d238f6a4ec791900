"""Who may read the metrics."""

import pytest
from fastapi import Request

from autogen_cli.bridge.host import is_local


@pytest.mark.parametrize(
    ("client", "headers", "local"),
    [
        (("127.0.0.1", 5), [], True),
        (("::1", 5), [(b"host", b"example.com")], True),
        (("203.0.113.7", 5), [], False),
        (("127.0.0.1", 5), [(b"x-forwarded-for", b"127.0.0.1")], False),
        (("127.0.0.1", 5), [(b"via", b"1.1 proxy")], False),
        (("testclient", 5), [], False),
        (None, [], False),
    ],
)
def test_this_machine_is_who_asks_without_a_proxy(client, headers, local: bool) -> None:
    assert is_local(Request({"type": "http", "client": client, "headers": headers})) is local
