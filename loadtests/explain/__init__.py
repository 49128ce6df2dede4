"""`python -m loadtests explain`: the parts of each journey's time on both sides.

command.py runs it, walk.py makes the calls, traces.py reads the spans, breakdown.py computes the figures.
hooks/ holds what is put around the systems, and layer.py puts it around the functions.
"""
