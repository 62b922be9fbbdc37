"""The second factor: six digits that a telephone app counts from a shared secret (RFC 6238)."""

import hmac
from datetime import datetime

import pyotp

#: Seconds that one code holds.
STEP_S = 30
#: Steps that a telephone's clock may be off, either way.
DRIFT_STEPS = 1
ISSUER = "Wangge"


def new_secret() -> str:
    """A fresh shared secret of 160 bits, in base 32."""
    return pyotp.random_base32()


def matching_step(secret: str, code: str, at: datetime, last_step: int | None) -> int | None:
    """The step whose code was typed, or None; steps up to `last_step` were used before."""
    current = int(at.timestamp()) // STEP_S
    otp = pyotp.TOTP(secret, interval=STEP_S)
    found = None
    for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
        fits = hmac.compare_digest(otp.generate_otp(step), code)
        if fits and (last_step is None or step > last_step):
            found = step
    return found


def enrolment_uri(secret: str, employee_no: str) -> str:
    """The `otpauth://` address that a telephone app reads from a QR code."""
    return pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(
        name=employee_no, issuer_name=ISSUER
    )
