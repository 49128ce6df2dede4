"""Statistics of a run: percentiles over blocks, paired intervals and tests, verdicts. Method and sources: decision 18."""

NOISE, NOT_CARRIED, VOID, TOO_FEW = (
    "within noise",
    "rate not carried",
    "void",
    "too few blocks",
)  # verdicts without a side
