"""Kinds of arguments of the command line."""

import argparse


def positive(word: str) -> float:
    """Return a number above 0. Raise ArgumentTypeError if it is none."""
    number = float(word)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{word} is not above 0")
    return number
