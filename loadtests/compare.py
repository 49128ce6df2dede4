"""`python -m loadtests compare`: compare both systems and write a report. The phases are in run.py."""

import argparse
from dataclasses import replace

from rich.console import Console

from loadtests import arguments, files, mixes, report, systems
from loadtests.load import LIVE, require_bounded
from loadtests.results import SIDES
from loadtests.run import FINE, VOID, run_and_report
from loadtests.settings import OTHER_RATE, PROFILES, LoadOptions, Profile, RunSettings

ABOUT = """Start both systems, seed both with the same data, and send both the same requests: if answers differ, stop with exit
status 2. Then load them in alternating blocks with the same journeys, and measure when writes become visible. A void run has
exit status 2 too."""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = ABOUT
    parser.add_argument(
        "--profile", choices=PROFILES, default="standard", help="length: quick 5, standard 7, full 20 minutes"
    )
    parser.add_argument("--scenario", action="append", choices=LoadOptions().scenarios, help="only this; repeatable")
    arguments.add_load_options(parser)
    arguments.add_urls(parser)
    arguments.add_results(parser)
    parser.set_defaults(command=command)


def command(options: argparse.Namespace, console: Console) -> int:
    """Compare the systems, write the report and print its summary. Return 2 if the run is void."""
    load = LoadOptions(shape=options.shape, mix=mixes.read(options.mix) if options.mix else None)
    run_settings = RunSettings(
        profile=_profile(options, load),
        scenarios=_scenarios(options, load),
        sides=dict(zip(SIDES, systems.BOTH, strict=True)),
        run_dir=files.run_directory("compare"),
        deployed=arguments.deployed_urls(options),
        deployed_live=arguments.deployed_live_urls(options),
        load=load,
    )
    if arguments.lacks_live_url(options) and not (options.scenario or load.mix):
        console.print(f"{LIVE} is left out: it needs --microservices-live-url", highlight=False)
    folder = files.destination(options)
    figures = run_and_report(run_settings, folder, console)
    report.print_summary(folder, console)
    return VOID if figures["voids"] else FINE


def _scenarios(options: argparse.Namespace, load: LoadOptions) -> tuple[str, ...]:
    """Return the scenarios of the command line, or the profile's. Raise UsageError for a wrong mix or a missing live feed."""
    own = (load.mix.name,) if load.mix else ()
    chosen = tuple(dict.fromkeys((*(options.scenario or ()), *own)))
    for name in {*chosen} - {*own, LIVE}:
        mixes.by_name(name)  # read now, so that a mistake is reported before anything starts
    arguments.require_live_url(chosen, options)
    return chosen or tuple(
        name for name in PROFILES["quick"].rates if name != LIVE or not arguments.lacks_live_url(options)
    )


def _profile(options: argparse.Namespace, load: LoadOptions) -> Profile:
    profile = PROFILES[options.profile]
    rates = dict.fromkeys(load.scenarios, options.rate or OTHER_RATE) | ({} if options.rate else profile.rates)
    block_s = load.block_s(options.duration) or profile.block_s
    require_bounded(max(rates.values()), block_s)
    return replace(profile, rates=rates, block_s=block_s)
