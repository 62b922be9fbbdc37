"""The words of visits: forms, states of a plan, reasons and outcomes of a check."""

from enum import StrEnum


class FormWord(StrEnum):
    """For whom a form is made."""

    ORDINARY = "ordinary"
    SPECIAL_CARE = "special_care"
    MEDICAL_DEVICE = "medical_device"
    SMALL_BUSINESS = "small_business"
    IMPORTANT = "important"
    GOVERNMENT = "government"


class FieldType(StrEnum):
    """How the phone asks for an answer."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    MULTI = "multi"
    PHOTO = "photo"
    YES_NO = "yes_no"


class PlanState(StrEnum):
    DRAFT = "draft"
    RELEASED = "released"


class StopState(StrEnum):
    PLANNED = "planned"
    RELEASED = "released"
    REMOVED = "removed"


class Satisfaction(StrEnum):
    """What the customer said of us at the door."""

    SATISFIED = "satisfied"
    NEUTRAL = "neutral"
    UNSATISFIED = "unsatisfied"


class CheckReason(StrEnum):
    """Why a visit is checked."""

    RANDOM = "random"
    TOO_FAST = "too_fast"
    IMPOSSIBLE_TRAVEL = "impossible_travel"
    TOO_FAR = "too_far"
    COPIED_PHOTO = "copied_photo"
    SAME_ANSWERS = "same_answers"
    BY_HAND = "by_hand"


class CheckMethod(StrEnum):
    CALL = "call"
    ON_SITE = "on_site"


class CheckOutcome(StrEnum):
    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not_confirmed"
    UNREACHABLE = "unreachable"


class CheckState(StrEnum):
    """`open` until somebody said how it was; the other words are the outcomes."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not_confirmed"
    UNREACHABLE = "unreachable"


class FormState(StrEnum):
    PROPOSED = "proposed"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"


class Leaflet(StrEnum):
    """What is handed over at the door."""

    SAFETY = "safety"
    LEAK_SWITCH = "leak_switch"
    WECHAT = "wechat"
    PREPAY = "prepay"
    PRICES = "prices"
    OUTAGE = "outage"
    CONTACT_CARD = "contact_card"
    FISHING = "fishing"
    CARBON_MONOXIDE = "carbon_monoxide"
    NEW_CONNECTION = "new_connection"
