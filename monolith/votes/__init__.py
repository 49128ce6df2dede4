"""Votes and the leaderboard in the one process. Twin: microservices/votes."""
