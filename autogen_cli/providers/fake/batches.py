"""The Batch API over the loopback server: files, batches, and the ways in which they end badly."""

import json
import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from autogen_cli.providers.fake.faults import status
from autogen_cli.providers.fake.server import Received, Reply

PREFIXES = ("/v1/files", "/v1/batches")
EXPIRED = {"code": "batch_expired", "message": "This request could not be executed before the window expired."}
CANCELLED = {"code": "batch_cancelled", "message": "This request was not executed before the cancellation."}

type Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchScript:
    """How a batch goes.

    polls: how often it is asked for before it has ended. done: how many of its rows are executed when it expires or is
    cancelled; None: it doesn't expire. row_fault: by custom_id, an error in place of an answer. output_lost: it is
    completed without a file of answers. problem: the code that its validation fails with.
    """

    polls: int = 1
    done: int | None = None
    row_fault: Callable[[str], Reply | None] = lambda _: None
    output_lost: bool = False
    problem: str | None = None


class FakeBatches:
    """complete: answers the body of a row. scripts: of the batches in the order of their creation; the last repeats.

    executed: the custom ids of all rows that were worked on, and so are billed, in that order. That is not the order of
    the files. batches, files: by id, as the service would show them; contents: of the files.
    """

    def __init__(self, complete: Callable[[Record], Reply], scripts: Sequence[BatchScript] = (BatchScript(),)) -> None:
        self.executed: list[str] = []
        self.batches: dict[str, Record] = {}
        self.files: dict[str, Record] = {}
        self.contents: dict[str, bytes] = {}
        self._complete = complete
        self._scripts = list(scripts)
        self._scripted: dict[str, BatchScript] = {}
        self._polls: dict[str, int] = {}
        self._order = random.Random(7)  # noqa: S311 - an order that is as bad as the service's, the same in every run

    def respond(self, received: Received) -> Reply:
        """The reply to a request below one of PREFIXES."""
        address = urlsplit(received.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        match (received.method, *address.path.removeprefix("/v1/").split("/")):
            case "POST", "files":
                return self._upload(received)
            case "GET", "files":
                found = [file for file in self.files.values() if file["purpose"] == query.get("purpose")]
                return _page(found, query)
            case "GET", "files", file_id, "content" if file_id in self.contents:
                return Reply(headers={"content-type": "application/octet-stream"}, body=self.contents[file_id])
            case "POST", "batches":
                return self._create(received.json())
            case "GET", "batches":
                return _page(list(self.batches.values()), query)
            case "GET", "batches", batch_id if batch_id in self.batches:
                return Reply.of_json(self._polled(batch_id))
            case "POST", "batches", batch_id, "cancel" if batch_id in self.batches:
                return self._cancel(self.batches[batch_id])
        return status(404, f"No such object: {address.path}")

    def _upload(self, received: Received) -> Reply:
        fields = _form(received)
        (name, content), (_, purpose) = fields["file"], fields["purpose"]
        return Reply.of_json(self._store(content, name, purpose.decode()))

    def _store(self, content: bytes, name: str, purpose: str) -> Record:
        file_id = f"file-{len(self.files) + 1}"
        self.contents[file_id] = content
        self.files[file_id] = {
            "id": file_id,
            "object": "file",
            "bytes": len(content),
            "created_at": int(time.time()),
            "filename": name,
            "purpose": purpose,
        }
        return self.files[file_id]

    def _create(self, asked: Record) -> Reply:
        if asked["input_file_id"] not in self.contents:
            return status(400, f"No such file: {asked['input_file_id']}")
        batch_id = f"batch_{len(self.batches) + 1}"
        script = self._scripted[batch_id] = self._scripts[min(len(self.batches), len(self._scripts) - 1)]
        self._polls[batch_id] = script.polls
        rows = self._rows(asked["input_file_id"])
        self.batches[batch_id] = {
            "id": batch_id,
            "object": "batch",
            "endpoint": asked["endpoint"],
            "errors": None,
            "input_file_id": asked["input_file_id"],
            "completion_window": asked["completion_window"],
            "status": "validating",
            "output_file_id": None,
            "error_file_id": None,
            "created_at": int(time.time()),
            "request_counts": {"total": len(rows), "completed": 0, "failed": 0},
            "metadata": asked.get("metadata"),
        }
        return Reply.of_json(self.batches[batch_id])

    def _polled(self, batch_id: str) -> Record:
        """The batch after one more look at it."""
        batch, script = self.batches[batch_id], self._scripted[batch_id]
        if batch["status"] not in {"validating", "in_progress", "cancelling"}:
            return batch
        self._polls[batch_id] -= 1
        if script.problem:
            problem = {"code": script.problem, "message": "injected fault", "param": None, "line": 1}
            return self._end(batch, "failed", errors={"object": "list", "data": [problem]})
        if batch["status"] == "cancelling":
            return self._finish(batch, script, "cancelled", CANCELLED)
        if self._polls[batch_id] > 0:
            return self._end(batch, "in_progress")
        return self._finish(batch, script, "completed" if script.done is None else "expired", EXPIRED)

    def _cancel(self, batch: Record) -> Reply:
        if batch["status"] not in {"validating", "in_progress", "cancelling"}:
            return status(409, f"Cannot cancel a batch with status '{batch['status']}'.")
        return Reply.of_json(self._end(batch, "cancelling"))

    def _finish(self, batch: Record, script: BatchScript, ending: str, left: Record) -> Record:
        rows = self._rows(batch["input_file_id"])
        self._order.shuffle(rows)
        done = len(rows) if ending == "completed" else script.done or 0
        answers, errors = list[Record](), [_row(row, None, left) for row in rows[done:]]
        for row in rows[:done]:
            fault = script.row_fault(row["custom_id"])
            reply = fault or self._complete(row["body"])
            (errors if fault else answers).append(_row(row, reply, None))
            if not fault:
                self.executed.append(row["custom_id"])
        counts = {"total": len(rows), "completed": len(answers), "failed": len(errors)}
        answered, failed = self._written(batch, "output", answers), self._written(batch, "error", errors)
        lost = None if script.output_lost else answered
        return self._end(batch, ending, output_file_id=lost, error_file_id=failed, request_counts=counts)

    def _written(self, batch: Record, what: str, rows: Sequence[Record]) -> str | None:
        """The id of a file of rows; a file that would be empty isn't made."""
        if not rows:
            return None
        content = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
        return cast("str", self._store(content, f"{batch['id']}_{what}.jsonl", "batch_output")["id"])

    def _rows(self, file_id: str) -> list[Record]:
        return [json.loads(line) for line in self.contents[file_id].splitlines()]

    @staticmethod
    def _end(batch: Record, ending: str, **changes: Any) -> Record:
        batch.update({"status": ending, f"{ending}_at": int(time.time()), **changes})
        return batch


def _row(row: Record, reply: Reply | None, error: Record | None) -> Record:
    name = f"req-{row['custom_id']}"
    response = reply and {"status_code": reply.status, "request_id": name, "body": json.loads(reply.body)}
    return {"id": f"batch_{name}", "custom_id": row["custom_id"], "response": response, "error": error}


def _page(entries: list[Record], query: dict[str, str]) -> Reply:
    """Newest first, up to `limit` of them behind `after`."""
    newest = [*reversed(entries)]
    ids = [entry["id"] for entry in newest]
    start = ids.index(query["after"]) + 1 if "after" in query else 0
    shown = newest[start : start + int(query.get("limit", 20))]
    return Reply.of_json({"object": "list", "data": shown, "has_more": start + len(shown) < len(newest)})


def _form(received: Received) -> dict[str, tuple[str, bytes]]:
    """The fields of a multipart form: file name and content."""
    boundary = b"--" + received.headers["content-type"].partition("boundary=")[2].strip('"').encode()
    fields = {}
    for part in received.body.split(boundary)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        names = dict(re.findall(r'(name|filename)="([^"]*)"', head.decode()))
        fields[names["name"]] = names.get("filename", ""), content.removesuffix(b"\r\n")
    return fields
