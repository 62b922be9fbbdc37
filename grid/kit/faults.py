"""What an unexpected error may say in a log or a table: its kind and place, never the row's values.

PostgreSQL puts the values of the failing row into the second line of its message (`DETAIL`), and
those can be a person's name or phone, so only the first line is kept.
"""

import traceback
from pathlib import Path

#: Longest text kept of one error.
WORDS_MAX = 500


def fault_words(error: BaseException) -> str:
    """`KindOfError: first line of its message`, at most WORDS_MAX characters, without NUL."""
    first_line = str(error).split("\n", 1)[0]
    return f"{type(error).__name__}: {first_line}"[:WORDS_MAX].replace("\x00", "")


def fault_place(error: BaseException) -> str:
    """The innermost lines of code, `file.py:12 < other.py:34`, at most four of them."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames[-4:]))
