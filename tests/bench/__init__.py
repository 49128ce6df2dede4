"""The cost of the systems' own code, as ratios to bare floors in the same run: `python -m tests.bench`.

Each module has a group of rows. rows.py defines a row, page.py writes docs/bench.md.
"""
