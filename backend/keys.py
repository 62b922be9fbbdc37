"""Secrets that do not show themselves, and rings of keys that can be rotated."""

import hmac
import ipaddress
import re
from dataclasses import dataclass

MIN_KEY_CHARACTERS = 32
MAX_KEYS = 8

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_KEY = re.compile(
    r"^(?P<kid>[A-Za-z0-9_.-]{1,32}):(?P<secret>[A-Za-z0-9_+/=.~-]{1,512})(?:@(?P<nets>[^@,]+))?$"
)


class SecretRefused(ValueError):
    """A secret or a ring of keys is malformed; the text never holds the value."""


class Secret:
    """Text that prints as `***`; `reveal()` is the only way to read it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Keep `text`; an empty secret or one with spaces or control characters is refused."""
        if not text or not text.isprintable() or " " in text:
            raise SecretRefused("expected text without spaces or control characters")
        self._text = text

    def reveal(self) -> str:
        """Return the secret itself, to be used and not to be printed."""
        return self._text

    def matches(self, shown: str) -> bool:
        """Compare in constant time with what somebody showed."""
        return hmac.compare_digest(self._text.encode(), shown.encode())

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.matches(other.reveal())

    def __hash__(self) -> int:
        return hash(("Secret", self._text))

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True, slots=True)
class Key:
    """One named key; with `networks`, good only from those addresses."""

    kid: str
    secret: Secret
    networks: tuple[Network, ...] = ()

    def allows_address(self, address: str) -> bool:
        """Whether a caller at `address` may use this key; an unreadable address may not."""
        if not self.networks:
            return True
        try:
            caller = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(caller in network for network in self.networks)


class KeyRing:
    """Keys of one purpose: the first signs, all verify, so that a key can be rotated."""

    # Not a dataclass: msgspec would then read its fields instead of calling `parse`.
    __slots__ = ("keys",)

    def __init__(self, keys: tuple[Key, ...] = ()) -> None:
        self.keys = keys

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """Read `kid:secret,kid2:secret2@10.0.0.0/8+10.1.2.3`; raises SecretRefused."""
        keys = tuple(_parse_key(part.strip()) for part in text.split(",") if part.strip())
        if not keys:
            raise SecretRefused("expected at least one key as kid:secret")
        if len(keys) > MAX_KEYS:
            raise SecretRefused(f"expected at most {MAX_KEYS} keys")
        if len({key.kid for key in keys}) != len(keys):
            raise SecretRefused("the same kid is given twice")
        return cls(keys)

    @property
    def signing(self) -> Key:
        """The key that signs; raises LookupError on an empty ring."""
        if not self.keys:
            raise LookupError("this ring holds no key")
        return self.keys[0]

    def find(self, kid: str) -> Key | None:
        """The key of that name, for verifying."""
        return next((key for key in self.keys if key.kid == kid), None)

    def recognise(self, shown: str, address: str) -> Key | None:
        """The key whose secret the caller at `address` shows; every key is compared."""
        found = [key for key in self.keys if key.secret.matches(shown)]
        return found[0] if found and found[0].allows_address(address) else None

    def __bool__(self) -> bool:
        return bool(self.keys)

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(key.kid for key in self.keys)})"


def _parse_key(part: str) -> Key:
    match = _KEY.match(part)
    if match is None:
        raise SecretRefused("expected keys as kid:secret, joined by commas")
    if len(match["secret"]) < MIN_KEY_CHARACTERS:
        raise SecretRefused(f"each key needs at least {MIN_KEY_CHARACTERS} characters")
    try:
        nets = match["nets"].split("+") if match["nets"] else []
        networks = tuple(ipaddress.ip_network(net) for net in nets)
    except ValueError:
        raise SecretRefused("expected addresses after @ as 10.0.0.0/8+10.1.2.3") from None
    return Key(match["kid"], Secret(match["secret"]), networks)
