"""The load tests: users, arrivals, statistics, parity check, reports, commands."""
