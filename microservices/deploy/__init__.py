"""Package the functions, deploy their stacks and run a local AWS. None of it is shipped in a function."""
