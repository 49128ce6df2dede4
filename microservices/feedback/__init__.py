"""Feedback, as a service of its own. Twin: monolith/feedback."""
