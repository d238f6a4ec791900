"""Every error that autogen raises on purpose, with the exit code and the remedy that it carries.

AutogenError                      1   a bug, or a fault that nobody foresaw
├── ArgumentError                 2   an option or an argument makes no sense
├── ConfigError                   3   a setting is unknown, has the wrong type, or its file can't be read
├── AccessError                   4
│   ├── CredentialError               a provider has no key, or refuses the one it has
│   └── SecretFoundError              the context holds a secret and the settings say to refuse
├── ProviderError                 5   the provider gave no usable answer
│   ├── ProviderUnavailableError      refused, reset, timed out, 5xx
│   ├── RateLimitedError              429
│   ├── ProviderRequestError          the provider refuses this request (400, 404, 413, 422)
│   └── ProviderAnswerError           something came back, and it isn't an answer
├── RejectedError                 6   code came back and doesn't fit
├── BudgetError                   7   the call would cost more than is allowed; nothing was sent
├── BatchError                    8   some rows failed
├── RegressionError               8   a benchmark got worse than it was allowed to
├── TargetError                   9   the module, the symbol or the project is not what it has to be
│   └── SymbolExistsError             the symbol is there already
└── InterruptedRunError         130   Ctrl-C
"""

from typing import ClassVar, Literal


class AutogenError(Exception):
    """`message` says what happened and to what; `hint` says what to do about it."""

    exit_code: ClassVar[int] = 1
    type: ClassVar[str] = "internal"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}: {self.hint}" if self.hint else self.message


class ArgumentError(AutogenError):
    exit_code = 2
    type = "arguments"


class ConfigError(AutogenError):
    exit_code = 3
    type = "config"


class AccessError(AutogenError):
    exit_code = 4
    type = "access"


class CredentialError(AccessError):
    type = "credentials"


class SecretFoundError(AccessError):
    type = "secret"


type Billed = Literal["no", "maybe", "yes"]


class ProviderError(AutogenError):
    """A provider gave no usable answer.

    retryable: sending the same request again may help.
    retry_after: seconds that the provider asks to wait, if it says.
    billed: whether the request may have cost money; what may have is not resent.
    status: HTTP status, where there was one.
    """

    exit_code = 5
    type = "provider"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
        billed: Billed = "no",
        status: int | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.retryable = retryable
        self.retry_after = retry_after
        self.billed: Billed = billed
        self.status = status


class ProviderUnavailableError(ProviderError):
    type = "provider_unavailable"


class RateLimitedError(ProviderError):
    type = "rate_limited"


class ProviderRequestError(ProviderError):
    type = "provider_request"


class ProviderAnswerError(ProviderError):
    type = "provider_answer"


class RejectedError(AutogenError):
    exit_code = 6
    type = "rejected"


class BudgetError(AutogenError):
    exit_code = 7
    type = "budget"


class BatchError(AutogenError):
    exit_code = 8
    type = "batch"


class RegressionError(AutogenError):
    exit_code = 8
    type = "regression"


class TargetError(AutogenError):
    exit_code = 9
    type = "target"


class SymbolExistsError(TargetError):
    type = "exists"


class InterruptedRunError(AutogenError):
    exit_code = 130
    type = "interrupted"
