"""Floors: the minimum cost of each architecture, without the systems' own code.

They run in the same run, on the same servers and stores, so that a report can show time above the floor.
"""
