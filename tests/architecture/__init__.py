"""The rules about the code as a whole: operations, permissions, store calls, docs, lock files."""
