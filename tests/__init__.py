"""Tests of the domain, of each system alone, of the contract of both, and of the architecture."""
