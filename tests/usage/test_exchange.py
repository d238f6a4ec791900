import csv
import json
from pathlib import Path

import pytest

from autogen_cli.usage.exchange import Imported, export_csv, export_jsonl, import_jsonl
from autogen_cli.usage.ledger import UsageTracker


@pytest.fixture
def trackers(tmp_path: Path):
    made = [UsageTracker(tmp_path / name) for name in ("here", "there")]
    yield made
    for tracker in made:
        tracker.close()


def test_events_move_to_another_ledger_once(trackers, make_event):
    here, there = trackers
    here.record(*(make_event(float(number), phases_ms={"wait": number}) for number in range(2500)))
    lines = list(export_jsonl(here))

    assert import_jsonl(there, lines) == Imported(2500, 0, ())
    assert import_jsonl(there, lines[:10]) == Imported(0, 10, ())
    assert list(there.events()) == list(here.events())
    assert list(export_jsonl(there, 5.0, 8.0)) == lines[5:8]


def test_what_came_without_an_id_gets_one_from_its_content(trackers, make_event):
    here, there = trackers
    here.record(make_event())
    (line,) = export_jsonl(here)
    without = json.dumps({name: value for name, value in json.loads(line).items() if name != "id"})

    assert import_jsonl(there, [without, without + "\n"]) == Imported(1, 1, ())


@pytest.mark.parametrize("line", ["{", "[]", "5", "{}", '{"time": "soon"}', '{"id": 3, "time": 1.0}', '{"time": null}'])
def test_a_line_without_an_event_is_counted_and_passed_over(trackers, make_event, line: str):
    here, there = trackers
    here.record(make_event())
    found = import_jsonl(there, ["\n", line, *export_jsonl(here)])

    assert found == Imported(1, 0, (2,))


def test_an_event_whose_time_is_no_number_is_unreadable(trackers, make_event):
    here, there = trackers
    here.record(make_event())
    (line,) = export_jsonl(here)

    assert import_jsonl(there, [line.replace("1700000000.0", '"soon"')]).unreadable == (1,)


def test_csv_has_a_head_and_a_line_for_each_event(trackers, make_event):
    here, _ = trackers
    here.record(make_event(1.5, model=None, module="a,b"))
    head, row = csv.DictReader(export_csv(here)).fieldnames, next(csv.DictReader(export_csv(here)))

    assert head[:3] == ["id", "time", "command"]
    assert (row["time"], row["module"], row["model"], row["cost_usd"]) == ("1.5", "a,b", "", "0.01")
