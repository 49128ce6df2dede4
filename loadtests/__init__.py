"""Load tests of both systems, and the comparison of their results. docs/method.md explains the method."""
