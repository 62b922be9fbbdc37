"""Pure decisions about customers: what is shown, what is compared, how a name is found."""

import hmac
import unicodedata
from functools import lru_cache

from pypinyin import Style, lazy_pinyin

#: Initials and proofs are cut to the columns they are compared with.
INITIALS_MAX = 60
PROOF_MAX = 60

#: Surnames that are read otherwise than the same character in a word; 覃 is Qin in Hubei's west.
_SURNAME_INITIALS = {
    "覃": "q",
    "单": "s",
    "曾": "z",
    "仇": "q",
    "解": "x",
    "区": "o",
    "查": "z",
    "尉": "y",
}


def pinyin_initials(name: str) -> str:
    """The first letters by which a name is found: 张小三 is `zxs`, `A单位2` is `adw2`."""
    tidy = "".join(letter for letter in name if letter.isalnum())
    letters = [_initial(letter) for letter in tidy]
    if tidy[:1] in _SURNAME_INITIALS:
        letters[0] = _SURNAME_INITIALS[tidy[0]]
    return "".join(letters).lower()[:INITIALS_MAX]


@lru_cache(maxsize=30_000)
def _initial(letter: str) -> str:
    return str(lazy_pinyin(letter, style=Style.FIRST_LETTER)[0])[:1]


def masked_phone(phone: str | None) -> str | None:
    """`138****5678`: enough to recognise, too little to call. Short numbers vanish."""
    if phone is None:
        return None
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 11 else "****"


def proof_of(typed: str) -> str:
    """What people type, made comparable: one width, no spaces or control characters, capitals."""
    narrow = unicodedata.normalize("NFKC", typed[: PROOF_MAX * 4])
    return "".join(letter for letter in narrow if letter.isprintable() and letter != " ").upper()[
        :PROOF_MAX
    ]


def proofs_fit(pairs: list[tuple[str, str]]) -> bool:
    """Whether every typed proof equals the stored one; always compares all of them."""
    fits = True
    for typed, stored in pairs:
        fits &= hmac.compare_digest(proof_of(typed).encode(), proof_of(stored).encode())
    return fits


def like_pattern(query: str) -> str:
    """A LIKE pattern that finds the words anywhere and takes `%`, `_` and `\\` as themselves."""
    escaped = query.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
