"""The commands of `python -m loadtests` that are nothing but commands, each a module: what it takes, and what it does."""
