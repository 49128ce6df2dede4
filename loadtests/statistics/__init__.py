"""What may be said of measured blocks: percentiles, intervals and verdicts."""
