"""Who calls, health and the contract: what all rooms share. Twin: monolith/platform."""
