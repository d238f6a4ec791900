"""Charts as inline SVG. Text is set in pixels and bars in percent, so that they fit a page of any width."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autogen_cli.usage.figures import duration, plural
from autogen_cli.usage.overview import Latency
from autogen_cli.usage.page.markup import Html, join, share, tag

_HEADROOM = 0.92  # of the height: what the tallest column takes, below the label of the line above it


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """value: its length. lost: the part of it that is drawn in the second colour. title: for a pointer's visit."""

    name: str
    value: float
    lost: float = 0.0
    title: str = ""
    label: str = ""


def columns(bars: Sequence[Bar], *, name: str, text: Callable[[float], str]) -> Html:
    """Columns beside each other, with lines at round values. text: a value as a label says it."""
    top = max((bar.value for bar in bars), default=0.0) or 1.0
    rules, labels = [], []
    for value in _round_values(top):
        y = share(1 - _HEADROOM * value / top)
        rules.append(tag("line", x1="0", x2="100%", y1=y, y2=y, class_="rule"))
        labels.append(tag("text", text(value), x="0", y=y, dy="-5"))
    drawn = [_column(bar, place, top) for place, bar in enumerate(bars)]
    inner = tag("svg", *drawn, viewBox=f"0 0 {max(1, len(bars))} 100", preserveAspectRatio="none")
    drawing = tag("svg", *rules, inner, *labels, class_="columns", role="img", aria_label=name)
    places = sorted({0, len(bars) // 2, len(bars) - 1}) if bars else []
    return join(drawing, tag("div", *(tag("span", bars[place].name) for place in places), class_="axis"))


def _column(bar: Bar, place: int, top: float) -> Html:
    height, lost = (100 * _HEADROOM * part / top for part in (bar.value, bar.lost))
    if bar.value:
        height = max(height, 0.6)  # a cent beside dollars is still to be seen
    rects = [tag("rect", x=f"{place + 0.14:g}", width="0.72", y=f"{100 - height:.2f}", height=f"{height:.2f}")]
    if lost:
        y = f"{100 - lost:.2f}"
        rects.append(tag("rect", x=f"{place + 0.14:g}", width="0.72", y=y, height=f"{lost:.2f}", class_="lost"))
    whole = tag("rect", x=place, width="1", y="0", height="100", class_="touch")
    return tag("g", tag("title", bar.title), whole, *rects)


def _round_values(top: float) -> list[float]:
    """Two to five round values up to `top`: steps of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(top / 2))
    step = max((factor * power for factor in (1, 2, 5) if factor * power <= top / 2), default=power)
    return [step * number for number in range(1, int(top / step + 1e-9) + 1)]


def bars(found: Sequence[Bar]) -> Html:
    """Rows of name, bar and label."""
    top = max((bar.value for bar in found), default=0.0) or 1.0
    rows = []
    for bar in found:
        rects = [tag("rect", width=share(bar.value / top), height="100%")]
        if bar.lost:
            rects.append(tag("rect", width=share(bar.lost / top), height="100%", class_="lost"))
        track = tag("svg", *rects, class_="track", aria_hidden="true")
        rows.append(tag("li", tag("span", bar.name, class_="name"), tag("span", bar.label, class_="figure"), track))
    return tag("ol", *rows, class_="bars")


def latencies(found: Sequence[Latency]) -> Html:
    """A row for each: half of the answers within the dark part, 95 % within the next, 99 % within the whole."""
    top = max((one.p99 for one in found), default=1) or 1
    names = (tag("th", name, scope="col") for name in ("p50", "p95", "p99"))
    head = tag("tr", tag("td"), tag("td", class_="range"), *names)
    rows = []
    for one in found:
        parts = [("p99", one.p99), ("p95", one.p95), ("p50", one.p50)]
        rects = [tag("rect", width=share(time / top), height="100%", class_=name) for name, time in parts]
        name = tag("th", one.name, tag("small", plural(one.count, "answer")), scope="row")
        track = tag("td", tag("svg", *rects, class_="track", aria_hidden="true"), class_="range")
        rows.append(tag("tr", name, track, *(tag("td", duration(time)) for _, time in reversed(parts))))
    return tag("table", tag("thead", head), tag("tbody", *rows), class_="latencies")


def gauge(part: float) -> Html:
    """How much of a whole is used."""
    rect = tag("rect", width=share(min(1.0, part)), height="100%", class_="lost" if part >= 1 else None)
    return tag("svg", rect, class_="track", aria_hidden="true")
