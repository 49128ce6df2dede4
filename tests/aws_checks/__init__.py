"""A second opinion on what runs on AWS: `make check-aws`. It needs no account and no network."""
