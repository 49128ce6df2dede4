"""Floors: the least that each architecture costs. What remains if the systems' own code is taken away.

They run in the same run, on the same servers and stores, so that a report can show time above the floor.
"""
