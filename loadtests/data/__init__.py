"""The data set that every run begins with, and the books that are checked when it ends."""
