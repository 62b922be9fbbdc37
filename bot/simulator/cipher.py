"""The platform's message envelope: AES-256-CBC, PKCS#7 to 32 bytes, SHA-1 signature.

Source: the platform's description of encrypted callbacks (plaintext = 16 random bytes, length as
a big-endian 32-bit number, XML, app id; the vector is the key's first 16 bytes).
"""

import base64
import binascii
import hashlib
import secrets
import struct

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

PAD_TO = 32


class CipherRefused(Exception):
    """What came back is not an envelope of this account."""


def sign(*parts: str) -> str:
    """Lower-case hex SHA-1 over the sorted parts joined."""
    joined = "".join(sorted(parts)).encode()
    return hashlib.sha1(joined, usedforsecurity=False).hexdigest()


class Envelope:
    """Seals and opens XML for one account."""

    def __init__(self, encoding_aes_key: str, app_id: str) -> None:
        self._key = base64.b64decode(encoding_aes_key + "=")
        self._app_id = app_id.encode()

    def seal(self, xml: bytes, *, app_id: str | None = None) -> str:
        """Base64 ciphertext of `xml`; `app_id` stands in for ours in a forged envelope."""
        owner = self._app_id if app_id is None else app_id.encode()
        plain = secrets.token_bytes(16) + struct.pack(">I", len(xml)) + xml + owner
        padding = PAD_TO - len(plain) % PAD_TO
        encryptor = Cipher(AES(self._key), CBC(self._key[:16])).encryptor()
        sealed = encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()
        return base64.b64encode(sealed).decode()

    def open(self, sealed: str) -> bytes:
        """The XML inside `sealed`; CipherRefused for anything that is not ours and whole."""
        try:
            raw = base64.b64decode(sealed, validate=True)
        except (binascii.Error, ValueError) as error:
            raise CipherRefused("Encrypt is not base64") from error
        if not raw or len(raw) % 16:
            raise CipherRefused("the ciphertext is not whole blocks")
        decryptor = Cipher(AES(self._key), CBC(self._key[:16])).decryptor()
        plain = decryptor.update(raw) + decryptor.finalize()
        padding = plain[-1]
        if not 1 <= padding <= PAD_TO or plain[-padding:] != bytes([padding]) * padding:
            raise CipherRefused("wrong padding")
        plain = plain[:-padding]
        if len(plain) < 20:
            raise CipherRefused("the envelope is too short")
        (length,) = struct.unpack(">I", plain[16:20])
        if plain[20 + length :] != self._app_id:
            raise CipherRefused("the envelope belongs to another app id")
        return plain[20 : 20 + length]
