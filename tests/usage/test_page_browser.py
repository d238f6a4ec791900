"""The page in a real browser: `make browser` installs it and keeps the screenshots."""

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.browser import Browser, open_browser
from tests.usage.test_page import HOSTILE, whole_page

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("AUTOGEN_SCREENSHOTS")  # read before the fixtures clear the environment
CONTRAST = """
(() => {
  const channel = (value) => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = (rgb) => rgb.match(/[\\d.]+/g).slice(0, 3).map(Number).map(channel)
    .reduce((sum, value, place) => sum + value * [0.2126, 0.7152, 0.0722][place], 0);
  const ground = light(getComputedStyle(document.body).backgroundColor);
  const contrast = (color) => {
    const [low, high] = [light(color), ground].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const found = [...document.querySelectorAll("main :not(svg, svg :not(text))")];
  const texts = found.filter((part) => part.textContent.trim());
  return Math.min(...texts.map((part) => contrast(
    part.namespaceURI.endsWith("svg") ? getComputedStyle(part).fill : getComputedStyle(part).color)));
})()
"""


@pytest.fixture
async def browser(require_program: Callable[[str], str], tmp_path: Path) -> AsyncIterator[Browser]:
    async with open_browser(require_program("chromium"), tmp_path / "profile") as opened:
        yield opened


@pytest.fixture
def page(tmp_path: Path) -> Path:
    file = tmp_path / "usage.html"
    file.write_text(whole_page(), encoding="utf-8")
    return file


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_it_fits_the_window_and_can_be_read(browser: Browser, page: Path, width: int, dark: bool) -> None:
    await browser.show(page, width=width, dark=dark)
    shot = await browser.screenshot()
    if SHOTS:
        (Path(SHOTS) / f"usage-{width}-{'dark' if dark else 'light'}.png").write_bytes(shot)

    assert await browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await browser.evaluate(CONTRAST) >= 4.5  # WCAG AA
    assert await browser.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is dark


async def test_nothing_is_fetched_and_no_markup_of_the_ledger_runs(browser: Browser, page: Path) -> None:
    await browser.show(page, width=1440)

    assert browser.requests == [page.as_uri()]
    assert browser.errors == []
    assert await browser.evaluate("document.querySelectorAll('img, iframe, object, main script').length") == 0
    assert await browser.evaluate("window.ran") is None
    cells = await browser.evaluate("[...document.querySelectorAll('.sortable tbody th')].map(c => c.textContent)")
    assert set(HOSTILE) <= set(cells)


async def test_the_policy_stops_a_script_that_got_in(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "injected.html"
    file.write_text(whole_page().replace("</main>", "<script>window.ran = 1</script><img src=//x.test/y></main>"))
    await browser.show(file, width=1440)

    assert await browser.evaluate("window.ran") is None
    assert len(browser.errors) == 2


async def test_headings_sort_the_table(browser: Browser, page: Path) -> None:
    await browser.show(page, width=1440)
    column = "[...document.querySelectorAll('.sortable tbody tr')].map(r => Number(r.cells[1].dataset.value))"
    click = "document.querySelectorAll('.sortable thead button')[1].click()"
    await browser.evaluate(click)
    down = await browser.evaluate(column)
    await browser.evaluate(click)
    up = await browser.evaluate(column)

    assert down == sorted(up, reverse=True) != up == sorted(up)
    assert await browser.evaluate("document.querySelectorAll('[aria-sort=ascending]').length") == 1
