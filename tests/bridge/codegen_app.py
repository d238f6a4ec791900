"""An app as users of the Codegen SDK write it, with handlers of its own; run as a program by a test."""

import json
import logging
import socket
import sys
from pathlib import Path

import uvicorn
from codegen.extensions.events.codegen_app import CodegenApp
from fastapi.responses import PlainTextResponse

from autogenlib import register_autogenlib_extension

HANDLED = Path("handled")  # in the working folder

app = CodegenApp("of-a-user")
register_autogenlib_extension(app)
register_autogenlib_extension(app)  # changes nothing


def note(platform: str) -> None:
    with HANDLED.open("a") as file:
        file.write(f"{platform}\n")


@app.github.event("issue_comment:created")
def on_comment(event: dict) -> dict:
    note("github")
    if event["comment"]["body"] == "raise":
        raise RuntimeError("a bug of the user's")
    return {"seen": True}


@app.slack.event("app_mention")
async def on_mention(event: object) -> dict:
    note("slack")
    return {"seen": True}


@app.linear.event("Comment")
def on_linear(event: object) -> dict:
    note("linear")
    return {"seen": True}


if __name__ == "__main__":
    logging.disable()
    listening = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(json.dumps({"address": f"http://127.0.0.1:{listening.getsockname()[1]}"}) + "\n")
    sys.stdout.flush()
    app.app.add_api_route("/readyz", lambda: PlainTextResponse("ready"), methods=["GET"])
    server = uvicorn.Server(uvicorn.Config(app.app, log_config=None))
    server.run(sockets=[listening])
