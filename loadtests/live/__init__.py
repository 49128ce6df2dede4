"""Load on the live feed: subscribers over WebSocket, writes at a rate, and how late each message reaches each subscriber.

subscriber.py is one connection, deliveries.py says what was heard of what was written, block.py offers one block of it.
"""
