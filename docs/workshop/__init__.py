"""The workshop: exercises on a copy of this code, which check themselves. `make workshop` starts it; README.md describes it."""
