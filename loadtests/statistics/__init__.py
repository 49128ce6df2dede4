"""Statistics of a run: percentiles over blocks, paired intervals and tests, verdicts. Method and sources: decision 18."""
