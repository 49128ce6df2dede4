"""Load on the live feed: subscribers over WebSocket, writes at a rate, and how late each message reaches each subscriber.

subscriber.py is one connection, audience.py all of them, script.py what is written, deliveries.py what was heard of it,
block.py one block of it, figures.py what came of that.
"""
