"""Run a local AWS: MiniStack in a process of its own, on loopback, with IAM enforced.

It ignores the user's AWS configuration. It ends with the process that started it, even by `kill -9`.
Its data is in memory, so stopping it deletes everything.
"""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES

from microservices.deploy.emulator_process import LIBRARIES, start, stop

REGION = "us-east-1"
START_SECONDS = 30
LOG = "local-aws.log"
_PORT_IN_USE = b"already in use"  # in the log

ROOT = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}  # the emulator's name for the account's root

# Every setting has its default: no variable, profile or file of the user counts, so that no client can reach a real account.
_NO_USER_SETTINGS = {
    **{
        name: (None, None, default, convert)
        for name, (_, _, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
    },
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
_SECTIONS = ("s3", "proxies_config")  # of settings, which would be read from variables too
_ONE_ATTEMPT = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60, max_pool_connections=32)
_open_directly = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class CannotStart(Exception):
    """The local AWS, or a part of the system on it, does not start. The message is one line with the log's path."""


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running local AWS: its endpoint, its process and its log file."""

    endpoint: str
    process: subprocess.Popen[bytes]
    log: Path

    def client(self, service: str, **credentials: str) -> Any:
        """Return a boto3 client of the service, with the account's root credentials by default."""
        return _client(self.endpoint, service, **credentials or ROOT)


def local_client(service: str, endpoint: str, *, config: Config | None = None, **credentials: str) -> Any:
    """Return a boto3 client of a local AWS, by default with its root credentials. No setting of the user and no proxy counts."""
    botocore_session = botocore.session.Session(_NO_USER_SETTINGS)
    for section in _SECTIONS:
        botocore_session.get_component("config_store").set_config_variable(section, {})
    session = boto3.session.Session(botocore_session=botocore_session)
    config = Config(proxies={}).merge(config or Config())
    return session.client(service, endpoint_url=endpoint, region_name=REGION, config=config, **credentials or ROOT)


@contextmanager
def emulator(folder: Path, port: int, *, or_next: bool = False) -> Iterator[Emulator]:
    """Run a local AWS on the port while the block runs. Raise CannotStart if it is not ready in time.

    or_next: on the next port that is free, if another process uses this one.
    """
    if not LIBRARIES.is_dir():
        raise CannotStart(f"{LIBRARIES} is missing: the functions' interpreter is not installed, see `make help`")
    scratch = folder / "scratch"  # the functions' unpacked zips; a killed process does not delete them
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        running = _start_on_free_port(folder, scratch, port) if or_next else _start(folder, scratch, port)
        try:
            yield running
        finally:
            stop(running.process)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _start_on_free_port(folder: Path, scratch: Path, first: int) -> Emulator:
    """Start a local AWS on a free port. One that starts at the same time may take the port first: then try the next one."""
    while True:
        port = free_port(first)
        try:
            return _start(folder, scratch, port)
        except CannotStart:
            if _PORT_IN_USE not in (folder / LOG).read_bytes():
                raise
            first = port + 1


def _start(folder: Path, scratch: Path, port: int) -> Emulator:
    running = Emulator(f"http://127.0.0.1:{port}", start(scratch, port, region=REGION, log=folder / LOG), folder / LOG)
    try:
        wait_until_healthy(running)
    except BaseException:
        stop(running.process)
        raise
    return running


def free_port(first: int) -> int:
    """Return the first free port on loopback, from `first` on."""
    for port in range(first, 65536):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise CannotStart(f"no free port from {first} on")


@cache
def _client(endpoint: str, service: str, **credentials: str) -> Any:
    """Return a cached client: creating one takes about 100 ms, and threads can share it."""
    return local_client(service, endpoint, config=_ONE_ATTEMPT, **credentials)


def wait_until_healthy(running: Emulator) -> None:
    """Wait until the local AWS answers. Raise CannotStart if it ends, is late, or does not enforce IAM."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if running.process.poll() is not None:
            raise CannotStart(f"the local AWS ended with status {running.process.returncode} (log: {running.log})")
        # The log shows that this instance has the port: another instance may have taken the port and answer there.
        health = _health(running.endpoint) if b"Running on" in running.log.read_bytes() else None
        if health is not None and health.get("auth") != "enabled":
            raise CannotStart(f"the local AWS does not enforce IAM (log: {running.log})")
        if health is not None:
            return
        time.sleep(0.05)
    raise CannotStart(f"the local AWS did not answer within {START_SECONDS} s (log: {running.log})")


def _health(endpoint: str) -> dict[str, Any] | None:
    try:
        with _open_directly(f"{endpoint}/_ministack/health", timeout=2) as response:
            page: dict[str, Any] = json.load(response)
            return page
    except OSError:
        return None
