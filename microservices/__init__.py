"""The domain as services: one room, one stack, one table and its functions each. Twin: monolith."""
