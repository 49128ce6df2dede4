"""The load generator, a process of its own so that its CPU is its own: `python -m loadtests.generator`.

Reads one Plan as JSON from each line of standard input, answers one Block as JSON on standard output.
"""

import sys
from contextlib import closing

from loadtests.generator.generator import Generator, serve

if __name__ == "__main__":
    with closing(Generator()) as generator:
        serve(generator.run, sys.stdin)
