"""What the bridge counts, as Prometheus reads it. No principal, repository or text is among the labels."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from autogen_cli.bridge.models import PlatformName
from autogen_cli.errors import ConfigError

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # platforms give up after 3, 5 and 10


class Metrics:
    """jobs: how many there are in each state, asked whenever the metrics are read."""

    def __init__(self, jobs: Callable[[], Mapping[str, int]]) -> None:
        self._registry = CollectorRegistry()
        self._webhooks = Counter(
            "autogen_webhooks", "Webhooks by what became of them.", ("platform", "outcome"), registry=self._registry
        )
        self._seconds = Histogram(
            "autogen_webhook_seconds",
            "From the head of a webhook to its answer.",
            ("platform",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._restarts = Counter(
            "autogen_worker_restarts",
            "Workers that ended by themselves and were started again.",
            registry=self._registry,
        )
        self._registry.register(_Jobs(jobs))

    def webhook(self, platform: PlatformName, outcome: str, seconds: float) -> None:
        """outcome: a word of the guard's own, never one that a sender has chosen."""
        self._webhooks.labels(platform, outcome).inc()
        self._seconds.labels(platform).observe(seconds)

    def restarted(self) -> None:
        self._restarts.inc()

    def text(self) -> bytes:
        """All of them, in Prometheus's text format (CONTENT_TYPE)."""
        return generate_latest(self._registry)


class _Jobs(Collector):
    def __init__(self, jobs: Callable[[], Mapping[str, int]]) -> None:
        self._jobs = jobs

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily("autogen_jobs", "Jobs by state.", labels=("state",))
        try:
            found = self._jobs()
        except ConfigError:  # a queue that can't be read is `/readyz`'s to tell; the other figures are still right
            found = {}
        for state, number in found.items():
            family.add_metric([state], number)
        yield family

    def describe(self) -> Iterator[Metric]:
        return iter(())  # nobody is asked while the registry is made
