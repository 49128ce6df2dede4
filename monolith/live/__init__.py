"""The live feed, in the one process. Twin: microservices/live."""
