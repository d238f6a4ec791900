"""A provider's server that lies on purpose: real HTTP on loopback, scripted answers, latency and faults.

It ships with the package because the tests, `autogen bench` and whoever writes a provider plug-in need it. Run it by
itself with `python -m autogen_cli.providers.fake`.
"""

from autogen_cli.providers.fake import faults
from autogen_cli.providers.fake.batches import BatchScript
from autogen_cli.providers.fake.codegen import FakeCodegen
from autogen_cli.providers.fake.openai import FakeServer
from autogen_cli.providers.fake.server import LoopbackServer, Received, Reply

__all__ = ["BatchScript", "FakeCodegen", "FakeServer", "LoopbackServer", "Received", "Reply", "faults"]
