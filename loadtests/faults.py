"""What is wrong with what a user brings along."""


class BadFile(Exception):
    """A file cannot be used. The message is one line and begins with the file and, where there is one, the line."""
