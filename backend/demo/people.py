"""Names and numbers of people who do not exist.

Phones lie in 199 000x xxxx, which reads as invented at first sight. Names are put together from
common characters; a likeness to anybody is chance.
"""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from string import ascii_letters, digits

import numpy as np
from pypinyin import Style, lazy_pinyin

# Surnames frequent in western Hubei, the commonest first.
SURNAMES = "田向覃李王张刘陈杨黄周谭唐吴朱胡邓罗谢彭龚熊洪易毛姚汪徐赵孙"
GIVEN = (
    "华明兰英桂芳国平玉秀建军春梅德志文清永红金凤光忠海燕先翠家菊世云正龙大珍"
    "祖莲昌林宏香远香成琼万发学友少艳绪慧启元子涵俊雨晨欣诗佳浩宇"
)
SHOPS = ("超市", "农家乐", "茶叶加工坊", "小吃店", "建材店", "家电维修部", "民宿", "养殖场")
INSTITUTIONS = ("卫生室", "小学", "供水站", "敬老院", "通信机房", "派出所")
OFFICES = frozenset({"派出所", "小学"})

STAFF_PHONES_MAX = 1_000
PHONES_MAX = 100_000
ACCOUNT_PREFIX = "42"
METER_PREFIX = "4228"
OPENID_PREFIX = "oDEMO"
OPENID_LENGTH = 28
OPENID_ALPHABET = ascii_letters + digits


def names(dice: np.random.Generator, count: int) -> list[str]:
    """Give plausible names of two or three characters; some will repeat, as in life."""
    # Surnames fall off like 1 / (rank + 3), which is close to how they do in a county.
    chances = 1.0 / (np.arange(len(SURNAMES)) + 4.0)
    surnames = dice.choice(len(SURNAMES), size=count, p=chances / chances.sum())
    first, second = dice.integers(len(GIVEN), size=(2, count))
    is_short = dice.random(count) < 0.15
    return [
        SURNAMES[surname] + GIVEN[one] + ("" if short else GIVEN[two])
        for surname, one, two, short in zip(surnames, first, second, is_short, strict=True)
    ]


def phone(number: int) -> str:
    """Give the invented phone with this number; staff hold those below STAFF_PHONES_MAX."""
    if not 0 <= number < PHONES_MAX:
        raise ValueError(f"there are only {PHONES_MAX} invented phones")
    return f"199000{number:05d}"


def customer_phones(dice: np.random.Generator, count: int) -> list[str]:
    """Give `count` different phones outside the staff's range."""
    order = dice.permutation(PHONES_MAX - STAFF_PHONES_MAX)[:count]
    if len(order) < count:
        raise ValueError(f"there are only {PHONES_MAX - STAFF_PHONES_MAX} phones for customers")
    return [phone(STAFF_PHONES_MAX + int(number)) for number in order]


def check_digit(number: str) -> str:
    """Give the Luhn digit that catches one wrong digit and most swapped neighbours."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def account_numbers(dice: np.random.Generator, count: int) -> list[str]:
    """Give different account numbers: ten digits, the last one a check digit."""
    bodies = [f"{ACCOUNT_PREFIX}{number:07d}" for number in _different(dice, 10**7, count)]
    return [body + check_digit(body) for body in bodies]


def meter_numbers(dice: np.random.Generator, count: int) -> list[str]:
    """Give different meter numbers of twelve digits."""
    return [f"{METER_PREFIX}{number:08d}" for number in _different(dice, 10**8, count)]


def openid_of(account_no: str) -> str | None:
    """Give the openid of the person behind an account, or None for the half without WeChat.

    It follows from the account number alone, so that a later start can name it again although
    the database knows an openid only once it is linked. As long as the platform's own, and its
    beginning keeps anybody from taking it for real.
    """
    number = int.from_bytes(sha256(f"openid of {account_no}".encode()).digest())
    number, has_wechat = divmod(number, 2)
    if not has_wechat:
        return None
    letters: list[str] = []
    while len(letters) < OPENID_LENGTH - len(OPENID_PREFIX):
        number, letter = divmod(number, len(OPENID_ALPHABET))
        letters.append(OPENID_ALPHABET[letter])
    return OPENID_PREFIX + "".join(letters)


def _different(dice: np.random.Generator, limit: int, count: int) -> Sequence[int]:
    """Draw `count` different whole numbers below `limit`."""
    drawn: list[int] = dice.choice(limit, size=count, replace=False).tolist()
    return drawn


def initials(name: str) -> str:
    """Give the pinyin initials of a name, for search: 田文光 becomes twg; other text is kept."""
    return "".join(_initial(character) for character in name).lower()


@cache
def _initial(character: str) -> str:
    """Give the first pinyin letter of one character, or the character itself."""
    if character == "覃":
        # As a surname, which is all it is in western Hubei, it is read qin and not tan.
        return "q"
    return str(lazy_pinyin(character, style=Style.FIRST_LETTER)[0])
