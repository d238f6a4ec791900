"""The Codegen API over the loopback server: create, get, list and stop agent runs."""

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from autogen_cli.providers.fake.openai import Answers, Faults, fault_source, in_order, plausible_answer
from autogen_cli.providers.fake.server import LoopbackServer, Received, Reply


@dataclass(slots=True, kw_only=True)
class FakeRun:
    id: int
    prompt: str
    created: float
    statuses: list[str | None]
    metadata: dict[str, Any] | None = None
    model: str | None = None
    repo_id: int | None = None
    stopped: bool = False


class FakeCodegen(LoopbackServer):
    """One organisation of the service.

    answers, faults, latency: as in FakeServer. token: if given, others get 401. run_time: seconds from a run's creation
    to its end. statuses: what a run says at each look before its end, the last one repeated. end: how runs end.
    """

    def __init__(
        self,
        answers: Answers = plausible_answer,
        *,
        faults: Faults = (),
        latency: float = 0.0,
        run_time: float = 0.0,
        statuses: tuple[str | None, ...] = ("ACTIVE",),
        end: str = "COMPLETE",
        org_id: int = 42,
        token: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        log_size: int = 10_000,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(log_size=log_size, tls=tls)
        self.runs: list[FakeRun] = []
        self._answer_to = answers if callable(answers) else in_order(answers)
        self._fault_for = fault_source(faults)
        self._latency = latency
        self._run_time = run_time
        self._statuses = statuses
        self._end = end
        self._org_id = org_id
        self._token = token
        self._clock = clock

    @property
    def created(self) -> int:
        """Runs that were created: what the service would charge for."""
        return len(self.runs)

    async def respond(self, received: Received) -> Reply:
        if self._latency:
            await asyncio.sleep(self._latency)
        reply = self._fault_for(received)
        if reply is not None and (reply.status != 200 or received.method == "GET"):
            return reply
        answer = self._route(received)
        return reply or answer  # a fault in the answer to a creation comes after the run was made

    def _route(self, received: Received) -> Reply:
        if self._token and received.headers.get("authorization") != f"Bearer {self._token}":
            return _message("Invalid API token", 401)
        url = urlsplit(received.path)
        if (received.method, url.path) == ("GET", "/v1/users/me"):
            return Reply.of_json({"id": 1, "github_user_id": "1", "github_username": "fake-user"})
        prefix = f"/v1/organizations/{self._org_id}/agent/"
        if not url.path.startswith(prefix):
            return _message("You do not have access to this organization.", 403)
        match received.method, url.path.removeprefix(prefix).split("/"):
            case "POST", ["run"]:
                return self._create(received.json())
            case "POST", ["run", "ban"]:
                return self._stop_run(received.json())
            case "GET", ["runs"]:
                query = parse_qs(url.query)
                return self._list(int(query.get("skip", ["0"])[0]), int(query.get("limit", ["100"])[0]))
            case "GET", ["run", run_id] if run_id.isdecimal() and 0 < int(run_id) <= len(self.runs):
                return Reply.of_json(self._show(self.runs[int(run_id) - 1]))
            case _:
                return _message("Agent run not found.", 404)

    def _create(self, body: dict[str, Any]) -> Reply:
        if not isinstance(body.get("prompt"), str):
            detail = [{"loc": ["body", "prompt"], "msg": "Field required", "type": "missing"}]
            return Reply.of_json({"detail": detail}, status=422)
        run = FakeRun(
            id=len(self.runs) + 1,
            prompt=body["prompt"],
            created=self._clock(),
            statuses=list(self._statuses),
            metadata=body.get("metadata"),
            model=body.get("model"),
            repo_id=body.get("repo_id"),
        )
        self.runs.append(run)
        return Reply.of_json(self._show(run))

    def _stop_run(self, body: dict[str, Any]) -> Reply:
        self.runs[body["agent_run_id"] - 1].stopped = True
        return Reply.of_json({})

    def _list(self, skip: int, limit: int) -> Reply:
        newest = self.runs[::-1]
        pages = -(-len(newest) // limit)
        items = [self._show(run) for run in newest[skip : skip + limit]]
        page = {"items": items, "total": len(newest), "page": skip // limit + 1, "size": limit, "pages": pages}
        return Reply.of_json(page)

    def _show(self, run: FakeRun) -> dict[str, Any]:
        done = self._clock() - run.created >= self._run_time
        status = self._end if done else run.statuses.pop(0) if len(run.statuses) > 1 else run.statuses[0]
        return {
            "id": run.id,
            "organization_id": self._org_id,
            "status": "CANCELLED" if run.stopped else status,
            "created_at": "2026-11-01T00:00:00",
            "web_url": f"https://codegen.com/agent/trace/{run.id}",
            "result": self._answer_to(run.prompt) if done and not run.stopped else None,
            "summary": None,
            "source_type": "API",
            "github_pull_requests": [],
            "metadata": run.metadata,
        }


def _message(text: str, status: int) -> Reply:
    return Reply.of_json({"message": text, "status_code": status}, status=status)
