"""Who asks, what they may do, and the record of both: one rule for the command line, the library and servers."""

import hashlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from autogen_cli.config import AutogenConfig, Folders, folders, load
from autogen_cli.errors import AccessError, AutogenError, ConfigError
from autogen_cli.models import GeneratedCode, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from autogen_cli.security.audit import AuditEvent, AuditFacts, AuditLog
    from autogen_cli.security.audit_reading import AuditEntry, AuditVerdict
    from autogen_cli.security.roles import AccessPolicy, Action, Role
    from autogen_cli.service.chain import Served

type Say = Callable[[str], None]

AUDIT_FOLDER = "audit"  # below the data folder
NOTHING = Decimal(0)


class Access:
    """principal: who asks, given by a server for whomever it serves; None: the user that runs this process.

    As long as no roles are set that user may do everything. Otherwise, and for every given principal, what no role
    allows is denied; then nothing is done, either, that can't be written into the audit log.
    """

    def __init__(
        self, config: AutogenConfig, places: Folders, *, project: Path, warn: Say, principal: str | None = None
    ) -> None:
        self._settings = config.security
        self._folder = places.data / AUDIT_FOLDER
        self._project = project
        self._warn = warn
        self._strict = principal is not None or bool(self._settings.roles)
        self._warned = False
        self._principal = principal
        self._policy: AccessPolicy | None = None
        self._log: AuditLog | None = None
        self._held: list[AuditEvent] | None = None

    @property
    def principal(self) -> str:
        """Who asks."""
        if self._principal is None:
            from autogen_cli.security.principals import local_principal

            self._principal = local_principal()
        return self._principal

    def authorize(self, action: "Action", *, subject: str | None = None, amount: Decimal | None = NOTHING) -> None:
        """amount: USD that `spend` may come to, None where nobody knows. Raises AccessError, put on record."""
        if not self._strict:
            return
        try:
            self.policy.authorize(self.principal, action, amount)
        except AccessError as error:
            self.record(action, "denied", subject=subject, detail=error.message)
            raise
        if self._settings.audit and action != "read":
            self.audit.check()

    def record(self, action: str, outcome: str, *, sync: bool = True, **facts: Unpack["AuditFacts"]) -> None:
        """Writes an entry of the audit log. facts, sync: see `AuditEntry` and `AuditLog.record`.

        A person's own work goes on without it, with a warning; where roles count, ConfigError ends it.
        """
        if not self._settings.audit:
            return
        event: AuditEvent = {"who": self.principal, "action": action, "outcome": outcome, **facts}
        event["project"] = str(self._project)
        if self._strict:
            event["role"] = self.policy.role_of(self.principal)
        if self._held is None or sync:
            self._write(event, sync=sync)
        else:
            self._held.append(event)

    def hold(self) -> None:
        """From now on results go into the log at each `flush`: a batch has thousands. Not where roles count."""
        self._held = None if self._strict else []

    def flush(self) -> None:
        """Writes what is held."""
        if self._held:
            events, self._held = self._held, []
            self._write(*events, sync=False)

    def _write(self, *events: "AuditEvent", sync: bool) -> None:
        log = self.audit
        try:
            log.record(*events, sync=sync)
        except ConfigError as exc:
            if self._strict:
                raise
            if not self._warned:
                self._warn(exc.message)
            self._warned = True

    def record_result(self, subject: str, result: GeneratedCode) -> None:
        """What a generation came to, with the digest of its code."""
        self.record(
            "generate",
            "cached" if result.cached else result.status,
            sync=False,
            subject=subject,
            provider=result.provider,
            model=result.model,
            cost_usd=result.usage.cost_usd,
            digest=digest_of(result.code.encode("utf-8", "replace")),
            request_id=result.request_id,
        )

    def record_answer(self, served: "Served", usage: Usage, request_id: str) -> None:
        """An answer that is handed on as it is, with the digest of its text."""
        self.record(
            "generate",
            "accepted",
            sync=False,
            provider=served.provider,
            model=served.completion.model,
            cost_usd=usage.cost_usd,
            digest=digest_of(served.completion.text.encode("utf-8", "replace")),
            request_id=request_id,
        )

    def record_failure(self, subject: str | None, request_id: str, error: AutogenError) -> None:
        """What a generation failed of; a denial is on record already."""
        if type(error) is not AccessError:
            self.record("generate", "error", sync=False, subject=subject, request_id=request_id, detail=error.type)

    def record_write(self, path: str, content: bytes, request_id: str | None = None) -> None:
        """A file that was written, below the project's root, and the digest of what it holds now."""
        self.record("write", "done", subject=path, digest=digest_of(content), request_id=request_id)

    def entries(self, since: "datetime | None", until: "datetime | None") -> "Iterator[AuditEntry]":
        """The audit log's entries of [since, until), oldest first."""
        self.authorize("read_audit")
        return self.audit.entries(since, until)

    def verify(self) -> "AuditVerdict":
        """Whether the audit log is as it was written."""
        self.authorize("read_audit")
        return self.audit.verify()

    @property
    def audit(self) -> "AuditLog":
        """The log itself. Raises ConfigError where its key can't be read."""
        if self._log is None:
            from autogen_cli.security.audit import AuditLog

            self._log = AuditLog(self._folder, key=self._key())
        return self._log

    @property
    def policy(self) -> "AccessPolicy":
        """What roles allow. Raises ConfigError for a grant to what is no principal."""
        if self._policy is None:
            from autogen_cli.security.principals import check_principal
            from autogen_cli.security.roles import AccessPolicy

            settings = self._settings
            for each in settings.roles:
                check_principal(each)
            limits: dict[Role, Decimal | None] = {
                "viewer": NOTHING,
                "generator": settings.generator_usd,
                "approver": settings.approver_usd,
            }
            self._policy = AccessPolicy(roles=settings.roles, limits=limits, strict=self._strict)
        return self._policy

    def _key(self) -> bytes:
        file = self._settings.audit_key_file
        if file is None:
            return b""
        try:
            key = file.read_bytes().strip()
        except OSError as exc:
            raise ConfigError(f"security.audit_key_file: {file} can't be read: {exc.strerror}") from exc
        if len(key) < 16:
            raise ConfigError(
                f"security.audit_key_file: {file} holds less than 16 bytes", hint="make it with a generator"
            )
        return key


def open_access(start: Path, warn: Say) -> Access:
    """For commands that need nothing else: they also have to work where the project's own file is broken."""
    try:
        config = load(start).config
    except ConfigError:
        try:
            config = load(Path(start.anchor)).config
        except ConfigError:  # the user's own file, which the next command may be about to mend
            config = AutogenConfig()
    return Access(config, folders(), project=start, warn=warn)


def digest_of(content: bytes) -> str:
    """What the audit log says of a content in its place."""
    return hashlib.sha256(content).hexdigest()
