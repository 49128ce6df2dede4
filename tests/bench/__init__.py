"""What the systems' own code costs, as ratios to bare floors in one run: `python -m tests.bench`.

One module for each group of rows; rows.py says what a row is, page.py writes docs/bench.md from them.
"""
