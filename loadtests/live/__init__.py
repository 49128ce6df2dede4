"""Load on the live feed: subscribers over WebSocket, writes at open arrivals, and the delay of each message.

subscriber.py is one connection, audience.py all of them and their writes, deliveries.py compares writes and messages, block.py
runs one block.
"""
