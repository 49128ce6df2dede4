"""`python -m loadtests explain`: the parts of each journey's time on both sides.

command.py runs it, tour.py makes the calls, traces.py reads the spans, breakdown.py computes the figures.
hooks/ contains the tracing hooks, and traced.py adds them to the functions.
"""
