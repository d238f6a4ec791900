"""What thousands of requests leave behind, written in groups: a group takes hardly longer than one of them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autogen_cli.service.wiring import Services


class Held:
    """From now on `services` keep back what they have to write, until they are told to."""

    def __init__(self, services: "Services") -> None:
        self._services = services
        for part in (services.tracker, services.access, services.budget, services.cache):
            part.hold()

    def note_down(self) -> None:
        """Calls and results, which are to be on the books before their rows count as finished: a kill in between may
        cost a row twice, and never hides what it cost.
        """
        self._services.tracker.flush()
        self._services.access.flush()

    def flush(self) -> None:
        """All of it. What a kill takes of money is what was reserved too much, and of answers what the journal has."""
        self.note_down()
        self._services.budget.flush()
        self._services.cache.flush()
