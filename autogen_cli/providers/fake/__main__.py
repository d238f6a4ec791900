"""`python -m autogen_cli.providers.fake`: the fake server by itself, until it is interrupted."""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from autogen_cli.providers.fake.openai import FakeServer, plausible_answer


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m autogen_cli.providers.fake", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--answers", type=Path, help="a JSON list of answers, or a text that is the only answer")
    options = parser.parse_args()
    answers = _read_answers(options.answers) if options.answers else plausible_answer
    server = FakeServer(answers, latency=options.latency, port=options.port, log_size=0)
    try:
        asyncio.run(_serve(server))
    except KeyboardInterrupt:
        print(f"{server.received} requests, at most {server.peak} at once", file=sys.stderr)  # noqa: T201 - its output


def _read_answers(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return json.loads(text) if text.lstrip().startswith("[") else [text]


async def _serve(server: FakeServer) -> None:
    async with server:
        print(server.base_url, flush=True)  # noqa: T201 - whoever starts it reads the address from its output
        await asyncio.Event().wait()


if __name__ == "__main__":
    main()
