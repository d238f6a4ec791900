"""Plain HTTP: to this machine, and to hosts that were allowed by name."""

import pytest

from autogen_cli.errors import ConfigError
from autogen_cli.security.transport import is_loopback, require_tls


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/v1",
        "http://localhost:8080/v1",
        "http://127.0.0.1/v1",
        "http://127.8.9.10/v1",
        "http://[::1]:8080/v1",
        "http://llm.localhost/v1",
        "http://LLM.intranet:8080/v1",
    ],
)
def test_what_may_be_talked_to(url: str) -> None:
    assert require_tls(url, ["llm.intranet"], key="openai.base_url") == url


@pytest.mark.parametrize(
    "host",
    [
        *("api.example.com", "10.0.0.1", "192.168.1.5", "0.0.0.0", "[fe80::1]", "localhost.evil.example"),
        *("127.0.0.1.evil.example", "notlocalhost", "evil-llm.intranet", "llm.intranet.evil.example", "2130706433"),
    ],
)
def test_what_may_not(host: str) -> None:
    with pytest.raises(ConfigError, match=r"openai\.base_url is plain http, and .+ allow it by name: `autogen config"):
        require_tls(f"http://{host}/v1", ["llm.intranet"], key="openai.base_url")


def test_a_mapped_loopback_address_is_loopback() -> None:
    assert is_loopback("::1")
    assert not is_loopback("")
