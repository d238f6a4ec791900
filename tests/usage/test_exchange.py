import csv
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

from autogen_cli.errors import ArgumentError, ConfigError
from autogen_cli.usage.exchange import Imported, export_csv, export_jsonl, import_jsonl
from autogen_cli.usage.ledger import UsageTracker


@pytest.fixture
def trackers(tmp_path: Path):
    made = [UsageTracker(tmp_path / name) for name in ("here", "there")]
    yield made
    for tracker in made:
        tracker.close()


def write(file: Path, *lines: str) -> Path:
    file.write_text("".join(line.rstrip("\n") + "\n" for line in lines))
    return file


def test_events_move_to_another_ledger_once(trackers, tmp_path: Path, make_event):
    here, there = trackers
    here.record(*(make_event(float(number), phases_ms={"wait": number}) for number in range(2500)))
    lines = list(export_jsonl(here))
    whole, some = write(tmp_path / "whole", *lines), write(tmp_path / "some", *lines[:10], "\n")

    assert import_jsonl(there, whole) == Imported(2500, 0)
    assert import_jsonl(there, some) == Imported(0, 10)
    assert import_jsonl(here, whole) == Imported(0, 2500)
    assert list(there.events()) == list(here.events())
    assert list(export_jsonl(there, 5.0, 8.0)) == lines[5:8]


def test_what_came_without_an_id_gets_one_from_its_content(trackers, tmp_path: Path, make_event):
    here, there = trackers
    here.record(make_event())
    (line,) = export_jsonl(here)
    without = json.dumps({name: value for name, value in json.loads(line).items() if name != "id"})

    assert import_jsonl(there, write(tmp_path / "file", without, "\n", without)) == Imported(1, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ({"time": None}, "time can't be null"),
        ({"time": "soon"}, 'time can\'t be "soon"'),
        ({"time": -1}, "time can't be -1"),
        ({"time": 1e12}, "time can't be"),
        ({"time": True}, "time can't be true"),
        ({"colour": "red"}, "an event has no colour"),
        ({"command": ...}, "a field is missing"),
        ({"module": 5}, "module can't be 5"),
        ({"model": 5}, "model can't be 5"),
        ({"input_tokens": -1}, "input_tokens can't be -1"),
        ({"output_tokens": 1.5}, "output_tokens can't be 1.5"),
        ({"cost_usd": "much"}, "a cost is no number"),
        ({"cost_usd": "NaN"}, "cost_usd can't be"),
        ({"cost_usd": "-1"}, "cost_usd can't be"),
        ({"outcome": "lost"}, 'outcome can\'t be "lost"'),
        ({"kind": "poem"}, "kind can't be"),
        ({"phases_ms": [1]}, "phases_ms can't be"),
        ({"phases_ms": {"wait": "long"}}, "phases_ms can't be"),
    ],
)
def test_a_line_without_an_event_is_named_and_nothing_is_added(trackers, tmp_path: Path, make_event, change, message):
    here, there = trackers
    here.record(make_event())
    (good,) = export_jsonl(here)
    fields = {} if isinstance(change, str) else {**json.loads(good), **change}
    bad = change if isinstance(change, str) else json.dumps({k: v for k, v in fields.items() if v is not ...})
    file = write(tmp_path / "file", good, "\n", bad, good)

    with pytest.raises(ArgumentError, match=f"file, line 3: .*{re.escape(message)}"):
        import_jsonl(there, file)
    assert list(there.events()) == []


def test_a_file_that_is_none_is_an_argument_error(trackers, tmp_path: Path):
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name, message in (("binary", "is not UTF-8"), ("missing", "can't be read: No such file")):
        with pytest.raises(ArgumentError, match=message):
            import_jsonl(trackers[0], tmp_path / name)


def test_a_ledger_that_is_off_or_cannot_be_written_takes_nothing(trackers, tmp_path: Path, make_event):
    here, _ = trackers
    here.record(make_event())
    file = write(tmp_path / "file", *export_jsonl(here))
    (tmp_path / "no-folder").write_text("")

    with pytest.raises(ConfigError, match=r"usage\.enabled is off"):
        import_jsonl(UsageTracker(tmp_path / "off", enabled=False), file)
    assert not (tmp_path / "off").exists()
    with pytest.raises(ConfigError, match="can't be written"):
        import_jsonl(UsageTracker(tmp_path / "no-folder" / "usage"), file)


def test_csv_has_a_head_and_a_line_for_each_event(trackers, make_event):
    here, _ = trackers
    here.record(make_event(1.5, model=None, module="a,b", saved_usd=Decimal("0.00000001")))
    head, row = csv.DictReader(export_csv(here)).fieldnames, next(csv.DictReader(export_csv(here)))

    assert head[:3] == ["id", "time", "command"]
    assert row["saved_usd"] == "0.00000001"
    assert (row["time"], row["module"], row["model"], row["cost_usd"]) == ("1.5", "a,b", "", "0.01")
