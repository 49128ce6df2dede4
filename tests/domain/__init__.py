"""Tests of the rules in shared_domain, without a system around them."""
