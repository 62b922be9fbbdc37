"""Money is whole fen; it becomes yuan only in words."""


def yuan(amount_fen: int) -> str:
    """`-123` fen as `-1.23`: for people, never for arithmetic."""
    sign = "-" if amount_fen < 0 else ""
    whole, rest = divmod(abs(amount_fen), 100)
    return f"{sign}{whole}.{rest:02d}"
