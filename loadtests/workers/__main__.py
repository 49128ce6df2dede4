"""The generator as a master with workers: `python -m loadtests.workers --workers N [--bind HOST[:PORT]]`.

Like `loadtests.generator` it reads a LoadPlan from each line of standard input and answers a Reply on standard
output; SIGTERM cuts the block short that is under way.
"""

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import closing

import gevent
import locust  # noqa: F401 - makes sockets and sleeps gevent's, before anything opens or waits

from loadtests.generator.generator import serve
from loadtests.workers.master import Master, NoWorkers
from loadtests.workers.messages import address_of


def main() -> int:
    """Answer plans until the input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--bind", type=address_of)
    asked = parser.parse_args()
    try:
        with closing(Master(asked.workers, asked.bind)) as master:
            gevent.signal_handler(signal.SIGTERM, master.stop_early)
            serve(master.run, _lines())
    except NoWorkers as none:
        print(none, file=sys.stderr)
        return 1
    return 0


def _lines() -> Iterator[str]:
    """Read in a thread: workers are heard meanwhile."""
    read = gevent.get_hub().threadpool.apply
    return iter(lambda: str(read(sys.stdin.readline)), "")


if __name__ == "__main__":
    sys.exit(main())
