"""The Codegen service: agent runs that are created, looked after and read, through its SDK or over plain HTTP."""

from autogen_cli.providers.codegen.provider import CodegenProvider

__all__ = ["CodegenProvider"]
