"""Statistics of a run: percentiles over blocks, paired intervals and tests, verdicts. Method and sources: decision 18."""

# Verdicts without a side.
NOISE, NOT_CARRIED, VOID, TOO_FEW = "within noise", "rate not carried", "void", "too few blocks"
