"""The open load generator: when calls are due, what is sent, what came of each. A process of its own while it loads."""
