"""Who sent this? Signature, freshness, decryption and addressee of what reaches the callback.

Rules and test vectors are the platform's: `signature` is the SHA-1 of the sorted token, timestamp
and nonce; in safe mode `msg_signature` covers the ciphertext as well, which is AES-256-CBC with
PKCS#7 to 32 bytes over 16 random bytes, a big-endian length, the XML and the app id. Plain mode
signs neither body nor time span, so it is refused unless a setting allows it.

Every failure is the same `Untrusted`, so that an answer never tells which check failed.
"""

import base64
import hashlib
import hmac
import re
import secrets
import struct
from collections.abc import Sequence

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

#: How far the platform's timestamp may be from ours.
FRESH_S = 300

#: A shorter token could be guessed, and the platform's signature is all that guards the door.
TOKEN_MIN_CHARS = 16

PAD_BLOCK_BYTES = 32
_PREFIX_BYTES = 16

_HEX = re.compile(r"[0-9a-f]{40}")
_TIMESTAMP = re.compile(r"[0-9]{1,11}")
_NONCE = re.compile(r"[0-9A-Za-z_-]{1,64}")
_ENCRYPT = re.compile(
    rb"<Encrypt>\s*(?:<!\[CDATA\[([A-Za-z0-9+/=]+)\]\]>|([A-Za-z0-9+/=]+))\s*</Encrypt>"
)


class Untrusted(Exception):
    """The request does not come from the platform, or is not fresh, or is not for us."""


class WeakKeys(ValueError):
    """The configured token or key cannot protect the callback; named at start."""


class CallbackKeys(msgspec.Struct, frozen=True, kw_only=True):
    """One pair of callback secrets; during a rotation the previous pair is accepted too."""

    token: str
    aes_key: bytes

    @classmethod
    def of(cls, token: str, encoding_aes_key: str) -> "CallbackKeys":
        """From the platform's settings page: token and 43 base64 characters. Raises WeakKeys."""
        if len(token) < TOKEN_MIN_CHARS:
            raise WeakKeys(f"the callback token has fewer than {TOKEN_MIN_CHARS} characters")
        return cls(token=token, aes_key=aes_key_of(encoding_aes_key))


class Opened(msgspec.Struct, frozen=True):
    """A request's inner XML and the keys it came under; None in plain mode."""

    xml: bytes
    keys: CallbackKeys | None


class SignedQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The query string of a callback, every part of the form the platform uses."""

    signature: str
    timestamp: str
    nonce: str
    msg_signature: str | None = None
    encrypted: bool = False
    echo: str | None = None


def read_query(pairs: Sequence[tuple[str, str]]) -> SignedQuery:
    """Read decoded query pairs; a missing, doubled or malformed part raises Untrusted."""
    known: dict[str, str] = {}
    for name, value in pairs:
        if name in known:
            raise Untrusted
        known[name] = value
    kind = known.get("encrypt_type", "raw")
    query = SignedQuery(
        signature=known.get("signature", ""),
        timestamp=known.get("timestamp", ""),
        nonce=known.get("nonce", ""),
        msg_signature=known.get("msg_signature"),
        encrypted=kind == "aes",
        echo=known.get("echostr"),
    )
    well_formed = (
        _HEX.fullmatch(query.signature)
        and _TIMESTAMP.fullmatch(query.timestamp)
        and _NONCE.fullmatch(query.nonce)
        and kind in ("aes", "raw")
        and (query.msg_signature is None or _HEX.fullmatch(query.msg_signature))
    )
    if not well_formed:
        raise Untrusted
    return query


def aes_key_of(encoding_aes_key: str) -> bytes:
    """The 32-byte key of an EncodingAESKey (43 characters). Raises WeakKeys."""
    if not re.fullmatch(r"[A-Za-z0-9+/]{43}", encoding_aes_key):
        raise WeakKeys("the EncodingAESKey is not 43 base64 characters")
    return base64.b64decode(encoding_aes_key + "=")


def signature_of(*parts: str) -> str:
    """Lower-case hex SHA-1 of the sorted parts."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def decrypt(aes_key: bytes, encrypted: str, app_id: str) -> bytes:
    """The inner XML of a base64 ciphertext. Raises Untrusted, whatever is wrong with it."""
    try:
        sealed = base64.b64decode(encrypted, validate=True)
        decryptor = Cipher(algorithms.AES(aes_key), modes.CBC(aes_key[:16])).decryptor()
        plain = decryptor.update(sealed) + decryptor.finalize()
        pad_bytes = plain[-1]
        if not 1 <= pad_bytes <= PAD_BLOCK_BYTES:
            raise Untrusted
        if not hmac.compare_digest(plain[-pad_bytes:], bytes([pad_bytes]) * pad_bytes):
            raise Untrusted
        plain = plain[:-pad_bytes]
        (length,) = struct.unpack_from(">I", plain, _PREFIX_BYTES)
        start = _PREFIX_BYTES + 4
        xml, owner = plain[start : start + length], plain[start + length :]
    except (ValueError, IndexError, struct.error):
        raise Untrusted from None
    if len(xml) != length or not hmac.compare_digest(owner, app_id.encode()):
        raise Untrusted
    return xml


def encrypt(aes_key: bytes, xml: bytes, app_id: str, prefix: bytes | None = None) -> str:
    """Base64 ciphertext of an inner XML; `prefix` (16 bytes) is fixed by test vectors only."""
    prefix = secrets.token_bytes(_PREFIX_BYTES) if prefix is None else prefix
    plain = prefix + struct.pack(">I", len(xml)) + xml + app_id.encode()
    pad_bytes = PAD_BLOCK_BYTES - len(plain) % PAD_BLOCK_BYTES
    plain += bytes([pad_bytes]) * pad_bytes
    encryptor = Cipher(algorithms.AES(aes_key), modes.CBC(aes_key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


class Trust:
    """Checks callbacks with the keys of one official account and seals the answers.

    `keys` holds the present pair first, then the previous pairs that a rotation still accepts.
    `original_id` is the account's gh_ name, which every message must be addressed to.
    """

    def __init__(
        self,
        *,
        app_id: str,
        original_id: str,
        keys: Sequence[CallbackKeys],
        allow_plain: bool = False,
    ) -> None:
        if not keys:
            raise WeakKeys("no callback keys are configured")
        self.app_id = app_id
        self.original_id = original_id
        self._keys = tuple(keys)
        self._allow_plain = allow_plain

    def check_query(self, query: SignedQuery, now_s: float) -> list[CallbackKeys]:
        """The key pairs whose token signed this query. Raises Untrusted: forged or stale."""
        if abs(int(query.timestamp) - now_s) > FRESH_S:
            raise Untrusted
        signers = [
            pair
            for pair in self._keys
            if hmac.compare_digest(
                signature_of(pair.token, query.timestamp, query.nonce), query.signature
            )
        ]
        if not signers:
            raise Untrusted
        return signers

    def open(self, query: SignedQuery, body: bytes, now_s: float) -> Opened:
        """What may be believed: in safe and compatible mode only the decrypted part.

        Raises Untrusted: forged, stale, plain where plain is refused, not decryptable, not ours.
        """
        signers = self.check_query(query, now_s)
        if not query.encrypted:
            if self._allow_plain and b"<Encrypt>" not in body:
                return Opened(body, None)
            raise Untrusted
        found = _ENCRYPT.findall(body)
        if len(found) != 1 or query.msg_signature is None:
            raise Untrusted
        encrypted = (found[0][0] or found[0][1]).decode()
        for pair in signers:
            expected = signature_of(pair.token, query.timestamp, query.nonce, encrypted)
            if not hmac.compare_digest(expected, query.msg_signature):
                continue
            try:
                return Opened(decrypt(pair.aes_key, encrypted, self.app_id), pair)
            except Untrusted:
                continue
        raise Untrusted

    def check_addressee(self, to_user: str) -> None:
        """Raises Untrusted when a message names another official account."""
        if not hmac.compare_digest(to_user.encode(), self.original_id.encode()):
            raise Untrusted

    def seal(self, reply_xml: str, keys: CallbackKeys | None, now_s: float) -> bytes:
        """The answer's body under the keys of the request; None answers a plain request."""
        if keys is None:
            return reply_xml.encode()
        encrypted = encrypt(keys.aes_key, reply_xml.encode(), self.app_id)
        timestamp, nonce = str(int(now_s)), secrets.token_hex(8)
        signed = signature_of(keys.token, timestamp, nonce, encrypted)
        return (
            f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt>"
            f"<MsgSignature><![CDATA[{signed}]]></MsgSignature>"
            f"<TimeStamp>{timestamp}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
        ).encode()
