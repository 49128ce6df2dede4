"""The votes module of the monolith, with the leaderboard. Twin: microservices/votes."""
