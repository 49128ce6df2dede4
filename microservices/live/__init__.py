"""The live feed as a service of its own: a WebSocket API, and a function that events trigger. Twin: monolith/live."""
