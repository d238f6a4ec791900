"""What a Prometheus server reads of the bridge."""

from prometheus_client.parser import text_string_to_metric_families

from autogen_cli.bridge.metrics import Metrics
from autogen_cli.errors import ConfigError


def read(metrics: Metrics) -> dict[tuple[str, str], float]:
    return {
        (sample.name, ",".join(sample.labels[name] for name in sorted(sample.labels, reverse=True))): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }


def test_what_was_counted_is_read() -> None:
    metrics = Metrics(lambda: {"queued": 3, "posted": 7})
    metrics.webhook("github", "accepted", 0.004)
    metrics.webhook("github", "accepted", 0.02)
    metrics.webhook("slack", "refused", 0.001)
    metrics.restarted()
    found = read(metrics)
    assert found["autogen_webhooks_total", "github,accepted"] == 2
    assert found["autogen_webhooks_total", "slack,refused"] == 1
    assert found["autogen_webhook_seconds_bucket", "github,0.005"] == 1
    assert found["autogen_worker_restarts_total", ""] == 1
    assert (found["autogen_jobs", "queued"], found["autogen_jobs", "posted"]) == (3, 7)


def test_a_queue_that_is_down_hides_no_other_figure() -> None:
    def broken() -> dict[str, int]:
        raise ConfigError("the queue of jobs can't be used")

    metrics = Metrics(broken)
    metrics.webhook("linear", "ignored", 0.001)
    found = read(metrics)
    assert found["autogen_webhooks_total", "linear,ignored"] == 1
    assert not [name for name, _ in found if name == "autogen_jobs"]
