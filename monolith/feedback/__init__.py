"""Feedback, in the one process. Twin: microservices/feedback."""
