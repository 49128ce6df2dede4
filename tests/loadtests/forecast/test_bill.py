"""The bill of a small metering, compared with sums by hand, and the break-even with what moves it."""

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
import yaml

from loadtests import report
from loadtests.__main__ import main
from loadtests.bill import require_prices
from loadtests.errors import UsageError
from loadtests.forecast import bill, breakeven, costs
from loadtests.forecast.bill import Options
from loadtests.forecast.costs import FUNCTIONS, MANAGED, ONE_VM, TWO_ZONES, Model
from loadtests.forecast.parameters import REGIONS, Parameters, load
from loadtests.forecast.traffic import Traffic, flat, parse
from loadtests.forecast.units import GIB
from loadtests.journeys import JOURNEYS
from loadtests.metering.counts import CHAPTER, GATEWAY, Metering, StoreCalls
from loadtests.report import bill as bill_page
from tests.loadtests.forecast.made_metering import READ, WRITE, metering, operation, store, work

NEVER_S = 1e15  # idle environments do not end
METERED = Path(__file__).with_name("metering.json")
MONTH_S = 730 * 3600
GB = 1e6 / GIB  # of a million bytes


def reads(parameters: Parameters | None = None) -> Model:
    """Return the model of a mix that only reads a post."""
    return costs.model_of(metering(), {READ: 1.0}, parameters or load())


def fixed(model: Model) -> float:
    """Return what the monolith costs a month on Fargate in two zones without requests, minus what the functions cost."""
    nothing = flat(0.0)
    return float(
        costs.total(costs.costs(model, TWO_ZONES, nothing)) - costs.total(costs.costs(model, FUNCTIONS, nothing))
    )


def test_a_month_without_requests_equals_the_sum_by_hand() -> None:
    monolith = {
        "tasks": 2 * (0.5 * 0.03238 + 1 * 0.00356) * 730,
        "load balancer": 0.0225 * 730,
        "database": 2 * 0.016 * 730,  # db.t4g.micro in two zones
        "disk": 50 * 0.23,
        "public IPv4": (2 + 2) * 0.005 * 730,
        "alarms": 6 * 0.10,
        "secret": 0.40,
    }
    services = {
        "cloudwatch.alarm_months": 12 * 0.10,
        "secrets.secret_months": 0.40,
        "kinesis.shard_hours": 730 * 0.015,
        "sqs.requests": 0.25 * MONTH_S * 0.40 / 1e6,  # one queue, polled by five long polls of 20 s
    }
    for form, by_hand in ((TWO_ZONES, monolith), (FUNCTIONS, services)):
        parts = {name: float(dollars) for name, dollars in costs.costs(reads(), form, flat(0.0)).items() if dollars}
        assert parts == pytest.approx(by_hand)


def test_a_million_reads_cost_the_functions_the_sum_by_hand() -> None:
    parameters = load().with_values([("lambda.idle_expiry", NEVER_S), ("websocket.open_share", 0.0)])
    parts = costs.costs(reads(parameters), FUNCTIONS, flat(1e6 / MONTH_S))
    idle = costs.costs(reads(parameters), FUNCTIONS, flat(0.0))
    run_gb_s = float(parts["lambda.gb_seconds"]) / 0.0000133334 / 1e6
    assert 0.5 * 0.008 < run_gb_s < 0.5 * 0.030  # 5 ms of processor time and one GetItem, on half a GB
    by_hand = {
        "http_api.requests": 1.00,
        "lambda.requests": 0.20,
        "dynamodb.read_units": 0.5 * 0.125,
        "logs.lambda_gb": (200 + 337 + 26) * GB * 0.50,  # its line, and the platform's three
        "logs.ingested_gb": 200 * GB * 0.50,
        "logs.storage_gb_months": (200 + 337 + 26 + 200) * GB * 0.03 * 0.15 * 14 * 24 / 730,
        "network.out_gb": 2_000 * GB * 0.09,
    }
    assert {name: float(parts[name] - idle[name]) for name in by_hand} == pytest.approx(by_hand)


def test_init_is_billed_for_the_cold_starts_that_a_warm_pool_predicts() -> None:
    """An environment that lives for 600 s and gets 1 request in 300 s: the next comes too late with probability exp(-2)."""
    rate = 1 / 300
    warm, cold = (
        costs.costs(reads(load().with_value("lambda.idle_expiry", expiry_s)), FUNCTIONS, flat(rate))
        for expiry_s in (NEVER_S, 600)
    )
    init_s = (81.6 + 200) / 1000  # the runtime and the imports
    difference = float(cold["lambda.gb_seconds"] - warm["lambda.gb_seconds"])
    assert difference == pytest.approx(rate * MONTH_S * np.exp(-2) * init_s * 0.5 * 0.0000133334, rel=0.03)


# With fixed costs F and the difference D of both sides' dollars for a million requests, the break-even is F / D million requests.
def test_a_dearer_gateway_lowers_the_break_even_as_computed_by_hand() -> None:
    before, after = reads(), reads(load().with_value("http_api.requests", 2.00))
    requests = breakeven.break_even(before) * MONTH_S / 1e6
    difference = fixed(before) / requests
    expected = fixed(before) / (difference + 1.00)  # 2.00 instead of 1.00 a million
    assert expected < requests
    assert breakeven.break_even(after) * MONTH_S / 1e6 == pytest.approx(expected, rel=0.02)


def test_a_dearer_database_raises_the_break_even_as_computed_by_hand() -> None:
    before, after = reads(), reads(load().with_value("rds.t4g_micro", 0.026))
    more = fixed(before) + 2 * 0.010 * 730  # two zones
    expected = breakeven.break_even(before) * more / fixed(before)
    assert expected > breakeven.break_even(before)
    assert breakeven.break_even(after) == pytest.approx(expected, rel=0.02)


def test_fewer_log_lines_raise_the_break_even_as_computed_by_hand() -> None:
    """Both sides write 200 bytes less, and the gateway's access log another 200: the functions save more."""
    before, after = reads(), reads(load().with_value("logs.share", 0.0))
    requests = breakeven.break_even(before) * MONTH_S / 1e6
    saved = 200 * GB * 0.50
    expected = fixed(before) / (fixed(before) / requests - saved)
    assert expected > requests
    assert breakeven.break_even(after) * MONTH_S / 1e6 == pytest.approx(expected, rel=0.02)


def test_more_cold_starts_lower_the_break_even_as_computed_by_hand() -> None:
    """Environments that end after 10 ms are hardly ever used again, so almost every request starts one."""
    before, after = (reads(load().with_value("lambda.idle_expiry", expiry_s)) for expiry_s in (NEVER_S, 0.001))
    requests = breakeven.break_even(before) * MONTH_S / 1e6
    more = 1e6 * (81.6 + 200) / 1000 * 0.5 * 0.0000133334
    expected = fixed(before) / (fixed(before) / requests + more)
    assert breakeven.break_even(after) * MONTH_S / 1e6 == pytest.approx(expected, rel=0.02)
    assert expected < requests


def test_both_sides_send_a_live_message_to_each_listener() -> None:
    """The metering has one listener: 1,000 bytes to 10 of them are 10,000 bytes, and 10 messages of the gateway."""
    metered = metering()
    names = {"monolith": "live send", "microservices": "apigatewaymanagementapi PostToConnection"}
    sent = {side: StoreCalls(name=name, calls=1, request_bytes=1_000) for side, name in names.items()}
    push = operation(work("posts-http", GATEWAY, sent["microservices"]))
    operations = {
        "monolith": {READ: msgspec.structs.replace(metered.operations["monolith"][READ], stores=(sent["monolith"],))},
        "microservices": {READ: push},
    }
    one, ten = (
        costs.model_of(
            msgspec.structs.replace(metered, operations=operations),
            {READ: 1.0},
            load().with_value("websocket.listeners", clients),
        )
        for clients in (1, 10)
    )
    for side in names:
        more = ten.request[side]["network.out_gb"] - one.request[side]["network.out_gb"]
        assert more == pytest.approx(9_000 / GIB)
    assert ten.request["microservices"]["websocket.messages"] == pytest.approx(10)


def test_the_virtual_machine_is_the_cheapest_that_sustains_the_load() -> None:
    """150 requests/s for each vCPU, 60 % of it used: 36 requests/s fill 0.4 vCPU, the baseline of t4g.small."""
    machine = costs.costs(reads(), ONE_VM, flat(np.array([35.0, 37.0, 200.0, 5_000.0])))["virtual machine"] / 730
    assert machine == pytest.approx([0.0168, 0.0672, 0.1632, 0.1632 * 16])
    assert np.isinf(costs.costs(reads(), ONE_VM, flat(1e5))["virtual machine"])


def test_bursts_fit_a_small_machine_if_their_mean_does() -> None:
    parameters = load()
    office = parse("800 users office-hours", parameters)  # 26.7 requests/s, a quarter of the time
    assert float(office.mean) == pytest.approx(800 / 30 * 40 / 168)
    always = costs.costs(reads(), ONE_VM, parse("120rps flat", parameters))["virtual machine"]
    burst = costs.costs(reads(), ONE_VM, parse("120rps office-hours", parameters))["virtual machine"]
    assert (float(always), float(burst)) == (pytest.approx(0.0816 * 730), pytest.approx(0.0168 * 730))


def test_managed_instances_pay_for_a_minimum_of_environments() -> None:
    parts = costs.costs(reads(), MANAGED, flat(1.0))
    instances = np.ceil(3 * 3 * 1 / 2)  # three functions with three environments of one vCPU, on m7g.large
    assert float(parts["managed instances"]) == pytest.approx(instances * 0.0816 * 1.15 * 730)
    assert "lambda.gb_seconds" not in parts
    assert "lambda.requests" in parts


def test_the_duty_cycle_is_the_share_of_a_month_that_costs_the_same() -> None:
    model = reads()
    duty = breakeven.duty_cycle(model, TWO_ZONES, np.array(40.0))
    assert 0 < duty < 1
    for share, dearer in ((duty * 0.95, False), (duty * 1.05, True)):
        traffic = Traffic("", np.array(40.0), np.array(40.0 * share))
        functions, monolith = (costs.total(costs.costs(model, form, traffic)) for form in (FUNCTIONS, TWO_ZONES))
        assert (functions > monolith) == dearer


def complete() -> Metering:
    """Return a metering in which every journey of the default mix has calls."""
    small = metering()
    return msgspec.structs.replace(small, journeys={name: {READ: 2, WRITE: 1} for name in JOURNEYS})


def test_the_chapter_is_plain_json_with_every_form_and_ten_assumptions() -> None:
    figures = json.loads(json.dumps(bill.chapter(complete(), {}), allow_nan=False))
    assert [one["form"] for one in figures["forms"]] == [*costs.FORMS]
    assert figures["unverified"] == []
    names = [one["name"] for one in figures["swings"]]
    assert (len(names), breakeven.LOG_POLICY in names) == (10, True)
    for form in figures["forms"][:3]:
        low, high = form["interval"]
        assert low <= form["break_even"] <= (high or np.inf)
    functions = next(one for one in figures["forms"] if one["form"] == FUNCTIONS)
    assert sum(row["month"] for row in figures["units"]) == pytest.approx(functions["month"])
    assert sum(row["idle"] for row in figures["units"]) == pytest.approx(functions["idle"])
    assert sum(one["microservices"] for one in figures["features"]) == pytest.approx(
        sum(row["per_million"] for row in figures["units"]), rel=0.15
    )  # features leave out what costs without requests and open connections
    assert figures["parameters"]["lambda.requests"]["source"] == "lambda-price-list"


def test_the_measured_capacity_replaces_the_assumed_one() -> None:
    side = {"knee": 400.0, "low": 380.0, "high": 420.0}
    measured = {"capacity": {"slo": "p95<250ms", "scenarios": {"browse": {"monolith": side}}}, "machine": {"cores": 2}}
    capacity = bill.chapter(complete(), measured)["parameters"]["monolith.requests_per_vcpu"]
    assert (capacity["value"], capacity["range"], capacity["assumed"]) == (200, [190.0, 210.0], False)
    assert bill.chapter(complete(), {})["parameters"]["monolith.requests_per_vcpu"]["assumed"]


def test_a_bill_beyond_the_published_rates_says_that_it_is_extrapolated() -> None:
    notes = {
        traffic: bill_page.chapter(bill.chapter(complete(), {}, Options(traffic=traffic))).notes
        for traffic in ("1900rps flat", "2000rps flat")
    }
    assert len(notes["1900rps flat"]) == 1
    assert notes["2000rps flat"][1].startswith("Extrapolated: 2,000 requests/s exceed 1,907")


def test_a_figure_that_the_user_sets_is_certain() -> None:
    widest = bill.chapter(complete(), {})["swings"][0]["name"]
    figures = bill.chapter(complete(), {}, Options(changes=((widest, load().value(widest)),)))
    assert widest not in [one["name"] for one in figures["swings"]]
    assert len(figures["swings"]) == breakeven.MOST_ASSUMPTIONS


def test_a_call_without_a_meter_makes_the_bill_unverified() -> None:
    small = complete()
    strange = operation(work("posts-http", "gateway", store("codecommit ListBranches")))
    operations = {**small.operations, "microservices": {**small.operations["microservices"], READ: strange}}
    figures = bill.chapter(msgspec.structs.replace(small, operations=operations), {})
    assert figures["unverified"] == ["codecommit ListBranches"]
    assert bill_page.chapter(figures).findings[0].text.endswith("for codecommit ListBranches.")


def test_a_missing_price_is_a_gap_and_ends_the_command() -> None:
    figures = {name: figure for name, figure in load().figures.items() if name != "http_api.requests"}
    model = reads(Parameters("us-east-1", figures))
    assert model.gaps == ("http_api.requests",)
    assert "http_api.requests" not in costs.costs(model, FUNCTIONS, flat(1.0))
    with pytest.raises(UsageError, match=r"no price of http_api\.requests in us-east-1"):
        require_prices({"unverified": model.gaps, "region": "us-east-1"})


@pytest.mark.one_variant
@pytest.mark.parametrize("region", REGIONS)
def test_everything_that_a_tour_of_both_systems_counts_is_priced(region: str) -> None:
    metered = msgspec.convert(json.loads(METERED.read_text())[CHAPTER], Metering)
    figures = bill.chapter(metered, {}, Options(region=region))
    assert figures["unverified"] == []
    features = {one["feature"]: one["microservices"] for one in figures["features"]}
    assert min(features.values()) > 0
    assert {"posts", "votes", "search", "orders", "users", "avatars", "feedback", "trending"} <= {*features}


def test_an_operation_of_one_side_only_makes_the_bill_unverified() -> None:
    small = complete()
    figures = bill.chapter(msgspec.structs.replace(small, operations={**small.operations, "monolith": {}}), {})
    assert figures["unverified"] == [f"{READ} on the monolith", f"{WRITE} on the monolith"]


def test_a_journey_without_a_meter_is_named() -> None:
    with pytest.raises(UsageError, match="the metering has no journey buyer, searcher"):
        bill.chapter(metering(), {}, Options(mix="everything"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a report with the metering."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    return report.add_chapter(folder, CHAPTER, msgspec.to_builtins(complete()))


def test_the_command_prints_both_sides_and_writes_usage_and_page(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = tmp_path / "infracost-usage.yml"
    words = ["bill", "--report", str(run), "--traffic", "200 users office-hours", "--memory", "1024"]
    assert main([*words, "--set", "http_api.requests=0.9", "--usage-file", str(usage), "--into", str(run)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert printed.index("the monolith costs $") < printed.index("the microservices $")
    resources = yaml.safe_load(usage.read_text())["resource_usage"]
    assert resources["aws_apigatewayv2_api.microservices"]["monthly_requests"] == pytest.approx(
        200 / 30 * 40 / 168 * MONTH_S
    )
    assert 1 < resources["aws_lambda_function.microservices"]["request_duration_ms"] < 100
    assert {"monthly_tier_1_requests"} >= {*resources.get("aws_s3_bucket.microservices", {}).get("standard", {})} - {
        "storage_gb"
    }
    page = (run / "report.html").read_text()
    assert "The bill on AWS" in page
    assert "bill-assumptions" in page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--traffic", "-5rps flat"], "-5 requests/s is not above 0"),
        (["--traffic", "9e12 users flat"], "is not above 0 and at most 1,000,000"),
        (["--traffic", "50rps weekly"], "shapes are flat and office-hours"),
        (["--traffic", "away.csv"], "away.csv: No such file or directory"),
        (["--set", "lambda.request=1"], "unknown parameter 'lambda.request'; close: lambda.requests"),
        (
            ["--set", "lambda.requests=-1"],
            "--set lambda.requests=-1: give NAME=VALUE with a number from 0 to 1e+12",
        ),
        (["--set", "cpu.speed=0"], "--set cpu.speed=0: must be above 0"),
        (["--set", "lambda.cold_share=0.1"], "unknown parameter 'lambda.cold_share'"),
        (["--region", "mars-1"], "no prices of mars-1; there are us-east-1, eu-central-1"),
        (["--memory", "64"], "--memory: 64 MB is not from 128 to 10240"),
        (["--mix", "nothing"], "nothing"),
    ],
)
def test_a_wrong_option_is_one_line_with_status_3(
    run: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert main(["bill", "--report", str(run), *words]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_a_trace_is_billed_by_its_mean_and_its_busiest_minute(tmp_path: Path) -> None:
    trace = tmp_path / "day.csv"
    trace.write_text("".join(f"{second}\n" for second in [*range(0, 60, 2), *range(60, 120)]))
    traffic = parse(str(trace), load())
    assert (float(traffic.peak), float(traffic.mean)) == (1.0, pytest.approx(90 / 120))


def test_a_trace_out_of_order_is_one_line_with_status_3(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = tmp_path / "day.csv"
    trace.write_text("1\n3\n2\n")
    assert main(["bill", "--report", str(run), "--traffic", str(trace)]) == 3
    assert capsys.readouterr().err == f"{trace}:3: 2 is before 3, the line above it\n"


def test_a_report_without_metering_is_one_line_with_status_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = report.add_chapter(tmp_path / "run", "bill", bill.chapter(complete(), {}))
    assert main(["bill", "--report", str(folder)]) == 3
    assert "has no metering; `python -m loadtests compare` makes one" in capsys.readouterr().err
