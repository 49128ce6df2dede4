"""`scale`: the ladder of limits, figures of populations, the report and wrong input."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from loadtests.__main__ import main
from loadtests.forecast import costs, scale
from loadtests.forecast.limits import limits, load_of
from loadtests.forecast.parameters import load
from loadtests.metering.counts import CHAPTER
from loadtests.provenance import SCHEMA
from loadtests.report import scale as page
from tests.loadtests.forecast.made_scale import LIST, READ, VOTE, metering

PEAK = 3 / 30  # requests a second of a user in the spike


def _limits(mix: dict[str, float]) -> dict[tuple[str, str], float]:
    found = limits(load_of(mix, metering(), load()), load(), shards=1)
    return {(one.name, one.what): one.users for one in found}


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    return scale.chapter(metering(), load(), populations=(1.0, 1e3, 1e6))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    report = {
        "schema": SCHEMA,
        CHAPTER: msgspec.to_builtins(metering()),
        "commit": "c",
        "machine": {"cores": 2, "processor": "p"},
    }
    (tmp_path / "report.json").write_text(json.dumps(report))
    (tmp_path / "series.json").write_text("{}")
    return tmp_path


def test_each_limit_is_reached_where_the_sum_by_hand_says() -> None:
    users = _limits({LIST: 0.5, VOTE: 0.5})
    trip, statement, commit = (
        load().figure(name).percentiles["p50"]
        for name in ("network.zone_round_trip", "database.statement", "database.commit")
    )
    lock_s = (5 * trip + 5 * statement + commit) / 1000
    by_hand = {
        ("gateway.requests_per_second", "requests through API Gateway"): 10_000 / PEAK,
        ("dynamodb.partition_reads", "reads of the list of all posts"): 3_000 / (PEAK * 0.5 * 2),
        ("dynamodb.partition_writes", "votes for one post"): 1_000 / (PEAK * 0.5 * 0.2 * 3),
        ("dynamodb.table_units", "writes of the table votes, at most"): 40_000 / (PEAK * 0.5 * 9),
        ("row.lock", "votes for one post"): 1 / (PEAK * 0.5 * 0.2 * lock_s),
        ("server.most", "vCPUs of 10 servers"): 20 / (PEAK * 0.004),
        ("websocket.new_connections", "new live feeds in the spike"): 500 / (0.2 * (2 / 3) / 30),
    }
    assert {name: users[name] for name in by_hand} == pytest.approx(by_hand)


def test_one_limit_more_or_less_moves_only_its_own_rung() -> None:
    raised = load().with_value("gateway.requests_per_second", 40_000)
    calls = costs.mix_of(metering(), {"reader": 1})
    before, after = (
        {one.what: one.users for one in limits(load_of(calls, metering(), load()), each, shards=1)}
        for each in (load(), raised)
    )
    assert after["requests through API Gateway"] == 4 * before.pop("requests through API Gateway")
    assert all(after[what] == users for what, users in before.items())


def test_errors_grow_with_the_population_and_raising_soft_limits_lowers_them(figures: dict[str, Any]) -> None:
    for side in ("monolith", "microservices"):
        rows = [row for row in figures["populations"] if row["side"] == side]
        errors = [row["errors_at_defaults_percent"] for row in rows]
        assert errors == sorted(errors)
        assert errors[0] == 0 < errors[-1]
        assert all(row["errors_percent"] <= row["errors_at_defaults_percent"] for row in rows)


def test_a_single_user_meets_cold_starts_and_a_thousand_hardly_any(figures: dict[str, Any]) -> None:
    alone, many = [row for row in figures["populations"] if row["side"] == "microservices"][:2]
    assert alone["cold_percent"] > 1
    assert many["cold_percent"] < 0.1
    assert alone["p99_ms"] > 2 * many["p99_ms"]


def test_each_population_has_the_first_limit_that_smaller_ones_did_not_reach(figures: dict[str, Any]) -> None:
    for row in figures["populations"]:
        below = max((one["users"] for one in figures["populations"] if one["users"] < row["users"]), default=0)
        assert below < row["limit"]["users"] <= row["next"]["users"]


def test_the_page_shows_every_population_and_dashes_what_is_extrapolated(figures: dict[str, Any]) -> None:
    chapter = page.chapter(figures)
    assert len(chapter.tables[0].rows) == 6
    assert {row[1] for row in chapter.tables[1].rows} == {"monolith", "microservices"}
    dashes = {trace.name: trace.line.dash for chart in chapter.charts() for trace in chart.figure.data}
    assert dashes == {
        "monolith": "solid", "monolith, extrapolated": "dash",
        "microservices": "solid", "microservices, extrapolated": "dash",
    }  # fmt: skip
    assert "19,000" in chapter.text["intro"]  # 1,906.9 requests a second over 0.1 of each user


@pytest.mark.parametrize(
    ("words", "mistake"),
    [
        (["--users", "0"], "--users: 0 is not from 1 to 1e+09"),
        (["--users=-5"], "--users: -5 is not from 1 to 1e+09"),
        (["--users", "1e12"], "--users: 1e+12 is not from 1 to 1e+09"),
        (["--users", "nan"], "--users: nan is not from 1 to 1e+09"),
        (["--users", "many"], "--users many: give numbers such as 1,1e3,1e6"),
        (["--set", "day.spik=2"], "unknown parameter 'day.spik'; close: day.spike"),
        (["--set", "day.spike=-2"], "--set day.spike=-2: give NAME=VALUE with a number from 0 to 1e+12"),
        (["--set", "day.spike=0.5"], "--set day.spike=0.5: not from 1.2 to 10"),
        (["--set", "server.vcpus=0"], "--set server.vcpus=0: must be above 0"),
        (["--set", "cpu.speed=0"], "--set cpu.speed=0: must be above 0"),
        (["--region", "mars-1"], "no prices of mars-1"),
    ],
)
def test_wrong_input_is_one_line_and_exit_status_3(
    words: list[str], mistake: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scale", "--report", str(run), *words]) == 3
    printed = capsys.readouterr().err
    assert printed.startswith(mistake)
    assert printed.count("\n") == 1


def test_a_report_without_metering_is_one_line_and_exit_status_3(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "report.json").write_text(json.dumps({"schema": SCHEMA}))
    assert main(["scale", "--report", str(run)]) == 3
    assert re.fullmatch(r".*report.json has no metering; .* makes one\n", capsys.readouterr().err)


def test_the_command_prints_the_ladder(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scale", "--report", str(run), "--users", "1e3", "--set", "hot.share=0.5", "--mix", "browse"]) == 0
    assert READ not in (printed := capsys.readouterr().out)
    assert "The ladder" in printed


def test_a_day_of_a_million_users_on_both_sides_takes_less_than_a_minute_and_a_gigabyte(run: Path) -> None:
    code = f"""
import re
import time
from pathlib import Path
from loadtests.__main__ import main
main(["scale", "--report", {str(run)!r}, "--users", "1e6"])
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]  # getrusage has that of the parent, if it is higher
print(time.process_time(), peak)"""
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    seconds, kilobytes = map(float, printed.splitlines()[-1].split())
    assert seconds < 60
    assert kilobytes < 1e6
