"""Reading what people type: full-width digits, Chinese numerals, words in and around the point."""

import re
import unicodedata

#: Longer texts are cut here before anything reads them.
READ_CHARS = 500

_NUMERALS = {word: n for n, word in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_NUMERALS |= {word: n for n, word in enumerate("壹贰叁肆伍陆柒捌玖", start=1)}
_CIRCLED = {chr(0x2460 + n): n + 1 for n in range(9)}
_NOT_WORDS = re.compile(r"[\s\W_]+")
_CHOICE = re.compile(
    r"(?:选|第)?([0-9]|[零〇一二两三四五六七八九壹贰叁肆伍陆柒捌玖])(?:个|号|项|分|星)?"
)
_PHONE = re.compile(r"(?<![0-9])(?:\+?86)?(1[3-9][0-9]{9}|0[0-9]{2,3}[0-9]{7,8})(?![0-9])")


def tidy(text: str) -> str:
    """One clean line or more: half width, no control or zero-width characters, bounded."""
    flat = unicodedata.normalize("NFKC", text[: READ_CHARS * 2])
    kept = "".join(char for char in flat if char == "\n" or unicodedata.category(char)[0] != "C")
    return kept.strip()[:READ_CHARS]


def bare(text: str) -> str:
    """The text without spaces and punctuation, lower case: what command words are matched on."""
    if text in _CIRCLED:
        return str(_CIRCLED[text])
    return _NOT_WORDS.sub("", tidy(text)).lower()


def choice_of(text: str) -> int | None:
    """The number 0 to 9 that a short answer names (１, 一, 第二个, 5星), or None."""
    stripped = text.strip()
    if stripped in _CIRCLED:
        return _CIRCLED[stripped]
    found = _CHOICE.fullmatch(bare(text))
    if found is None:
        return None
    return _NUMERALS.get(found[1], -1) if not found[1].isdigit() else int(found[1])


def digits_of(text: str) -> str:
    """The text without spaces, hyphens and points, half width: how numbers are typed."""
    return re.sub(r"[\s.\-_·]", "", tidy(text))


def phone_of(text: str) -> str | None:
    """A Chinese mobile or landline number in the text, as digits, or None."""
    found = _PHONE.search(digits_of(text))
    return None if found is None else found[1]
