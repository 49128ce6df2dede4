"""`python -m loadtests explain`: what the time of each journey is made of on both sides.

command.py runs it, walk.py makes the calls, traces.py reads the spans, breakdown.py computes the figures.
hooks/ holds what is put around the systems, and layer.py puts it around the functions.
"""
