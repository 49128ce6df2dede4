"""What is particular to the monolith: its schema, its start and its end."""
