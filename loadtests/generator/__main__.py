"""The load generator, a process of its own so that its CPU is its own: `python -m loadtests.generator`.

Read one LoadPlan as JSON from each line of standard input, write one Reply to standard output. SIGTERM cuts the block short
that is under way, and it answers with what there is.
"""

import signal
import sys
from contextlib import closing

import gevent

from loadtests.generator.generator import Generator, serve

if __name__ == "__main__":
    with closing(Generator()) as generator:
        gevent.signal_handler(signal.SIGTERM, generator.stop_early)
        serve(generator.run, sys.stdin)
