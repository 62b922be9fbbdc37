"""What goes in and out of the customers' room."""

from enum import StrEnum


class CustomerTagWord(StrEnum):
    """A tag says who somebody is; it holds no stop by itself."""

    SPECIAL_GROUP = "special_group"
    IMPORTANT = "important"
    LOW_INCOME = "low_income"
    MEDICAL = "medical"


class AccountState(StrEnum):
    ACTIVE = "active"
    CLOSED = "closed"


class LinkTrust(StrEnum):
    """What a link may do: what the meter box tells a neighbour lets them pay and report only."""

    PAY_AND_REPORT = "pay_and_report"
    FULL = "full"


class MeteringSide(StrEnum):
    LV = "lv"
    HV = "hv"
