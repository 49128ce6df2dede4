"""A generator of several processes, on this machine or on several: Locust's master and workers, and what they tell each other.

messages.py is what goes over the wire, worker.py one process that offers load, crew.py what the master knows of each,
master.py splits a plan and adds up what came of it.
"""
