"""How the functions are explained: hooks of botocore, a root for each invocation, the trace in each message.

Twin: monolith/tracing.py. No function imports it; whoever explains puts `handler.py` before a function's own: deploy/tracing.py.
"""
