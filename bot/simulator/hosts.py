"""Which machine an address names."""

from urllib.parse import SplitResult, urlsplit

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
NOWHERE = SplitResult("", "", "", "", "")


def split(address: str) -> SplitResult:
    """The parts of an address; empty parts when it is none (`http://[`, a port of letters)."""
    try:
        parts = urlsplit(address)
        _ = parts.hostname, parts.port
    except ValueError:
        return NOWHERE
    return parts
