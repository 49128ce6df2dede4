"""What is wrong with what a user brings along."""


class Unusable(Exception):
    """A file or an option cannot be used. The message is one line; of a file it begins with its name and, where there is one,
    the line."""
