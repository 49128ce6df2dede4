"""Tests, by what they ask: the domain, each system alone, the contract of both, the architecture."""
