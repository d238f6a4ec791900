"""A headless Chromium, driven over its debugging protocol: how a page looks, what it asks for, what runs in it."""

import asyncio
import base64
import contextlib
import itertools
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")


class Browser:
    """One page. requests: addresses that it asked for. errors: what its console and its policy complained about."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.requests: list[str] = []
        self.errors: list[str] = []
        self._loaded = False
        self._socket = socket
        self._ids = itertools.count(1)

    async def show(self, file: Path, *, width: int, dark: bool = False) -> None:
        self._loaded = False
        self.requests.clear()
        self.errors.clear()
        for domain in ("Page", "Network", "Runtime", "Log"):
            await self.call(f"{domain}.enable")
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])
        await self.call("Page.navigate", url=file.as_uri())
        while not self._loaded:
            self._note(await self._socket.receive_json(timeout=30))

    async def evaluate(self, expression: str) -> Any:
        found = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")

    async def screenshot(self) -> bytes:
        found = await self.call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(found["data"])

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._ids)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            message = await self._socket.receive_json(timeout=30)
            self._note(message)
            if message.get("id") == number:
                return message["result"]

    def _note(self, message: dict[str, Any]) -> None:
        method, found = message.get("method"), message.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Network.requestWillBeSent":
            self.requests.append(found["request"]["url"])
        elif method == "Log.entryAdded":
            self.errors.append(found["entry"]["text"])
        elif method in {"Runtime.exceptionThrown", "Page.javascriptDialogOpening"}:
            self.errors.append(str(found))


@contextlib.asynccontextmanager
async def open_browser(program: str, profile: Path) -> AsyncIterator[Browser]:
    arguments = (*FLAGS, "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank")
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(program, *arguments, stdout=quiet, stderr=quiet)
    try:
        port = await asyncio.to_thread(_port, profile / "DevToolsActivePort")
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = [one for one in await answer.json() if one["type"] == "page"]
            async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=2**26) as socket:
                yield Browser(socket)
    finally:
        process.terminate()
        await process.wait()


def _port(file: Path) -> str:
    """What the browser listens on; it writes the file when it does."""
    for _ in range(600):
        if file.exists() and file.read_text().count("\n"):
            return file.read_text().splitlines()[0]
        time.sleep(0.05)
    raise TimeoutError(f"{file} did not appear")
