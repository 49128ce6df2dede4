"""The workshop: its command line, its patches, and that each exercise fails as handed out and passes with its solution."""
