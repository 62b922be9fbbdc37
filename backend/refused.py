"""What a person at the shell is told in one clear line."""


class Refused(Exception):
    """It cannot be done as asked; the text says why and, where there is a way, how to mend it."""
