"""`python -m loadtests worker`: a worker for a master on this machine or another."""

import argparse
import os
import socket
import sys

from rich.console import Console

from loadtests.workers.messages import PORT, address_of


def register(verb: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    verb.add_argument(
        "--master", type=_address, required=True, metavar="HOST[:PORT]", help=f"where the master waits (port {PORT})"
    )
    verb.set_defaults(command=run)


def run(asked: argparse.Namespace, console: Console) -> int:
    """Become a worker. Its sockets are gevent's, and what has been imported here would have seen others."""
    console.print(f"working for {asked.master} until it ends", highlight=False)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "loadtests.workers.worker", "--master", asked.master])  # noqa: S606


def _address(word: str) -> str:
    host, port = address_of(word)
    try:
        socket.getaddrinfo(host, port)
    except OSError as unknown:  # a worker would look for it for ever
        raise argparse.ArgumentTypeError(f"{host}: {unknown.strerror}") from unknown
    return word
