"""Authentication, health and the contract: what all services share. Twin: monolith/platform."""
