"""Votes and the leaderboard as a service of their own. Twin: monolith/votes."""
