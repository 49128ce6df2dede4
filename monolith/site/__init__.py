"""The static site, in the one process. Twin: microservices/site."""
