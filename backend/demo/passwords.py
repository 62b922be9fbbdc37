"""Passwords and second factors of the demo staff: fresh in each home, and the same at each start.

They follow from a secret of the home, so nothing readable is stored in the database and a second
start can still print them. The hashing cost is that of all staff, because another one would show
in the time a sign-in takes; that is some 30 ms a person, in threads.
"""

import base64
import hmac
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from grid.territory.passwords import HASHER

# Without 0/o, 1/l/i and their like: people type these from a screen.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
GROUPS, GROUP_LENGTH = 3, 4
HOME_SECRET_BYTES_MIN = 16
HASHING_THREADS = 2


def password_of(home_secret: bytes, employee_no: str) -> str:
    """Give the password of a demo employee, about 59 bits: three groups of four characters."""
    number = int.from_bytes(_derived(home_secret, "password", employee_no))
    letters = []
    for _ in range(GROUPS * GROUP_LENGTH):
        number, letter = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[letter])
    groups = ["".join(letters[n : n + GROUP_LENGTH]) for n in range(0, len(letters), GROUP_LENGTH)]
    return "-".join(groups)


def totp_secret_of(home_secret: bytes, employee_no: str) -> str:
    """Give the base32 secret of an employee's second factor, 160 bits as RFC 4226 advises."""
    return base64.b32encode(_derived(home_secret, "totp", employee_no)[:20]).decode()


def hashes_of(
    home_secret: bytes, employee_nos: Iterable[str], each_done: Callable[[], None]
) -> dict[str, str]:
    """Hash everybody's password (argon2id, encoded with its parameters), by employee number.

    Blocks for some 30 ms a person; `each_done` is called from this thread.
    """
    people = list(employee_nos)
    passwords = [password_of(home_secret, employee_no) for employee_no in people]
    answer: dict[str, str] = {}
    with ThreadPoolExecutor(HASHING_THREADS) as threads:
        for employee_no, hashed in zip(people, threads.map(HASHER.hash, passwords), strict=True):
            answer[employee_no] = hashed
            each_done()
    return answer


def _derived(home_secret: bytes, purpose: str, employee_no: str) -> bytes:
    """Derive 32 bytes for one purpose and person; raises ValueError for a short home secret."""
    if len(home_secret) < HOME_SECRET_BYTES_MIN:
        raise ValueError(f"a home secret has at least {HOME_SECRET_BYTES_MIN} bytes")
    return hmac.digest(home_secret, f"demo {purpose} of {employee_no}".encode(), "sha256")
