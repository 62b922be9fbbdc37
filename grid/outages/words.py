"""The words of outages: kinds, states, events, and how a child ticket stands."""

from enum import StrEnum


class OutageKind(StrEnum):
    """计划停电, 临时停电, 故障停电."""

    PLANNED = "planned"
    TEMPORARY = "temporary"
    FAULT = "fault"


class OutageState(StrEnum):
    PLANNED = "planned"
    CONFIRMED = "confirmed"
    RESTORING = "restoring"
    RESTORED = "restored"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class OutageEvent(StrEnum):
    """What may happen to an outage; the verbs of `POST /outages/{id}/{verb}` are among them."""

    ANNOUNCE = "announce"
    CONFIRM = "confirm"
    ETR = "etr"
    DISTRICTS = "districts"
    DISPATCH = "dispatch"
    WORK = "work"
    RESTORE = "restore"
    CLOSE = "close"
    CANCEL = "cancel"
    COMMENT = "comment"


class EtrSource(StrEnum):
    """Who says when supply is back."""

    PLAN = "plan"
    DISPATCHER = "dispatcher"
    CREW = "crew"


class ChildState(StrEnum):
    """How a ticket stands in its outage. The last four are ends; each child has exactly one (W4).

    `asked`: is it back? `leaving`: it is about to become a matter of its own.
    """

    JOINED = "joined"
    ASKED = "asked"
    LEAVING = "leaving"
    BACK = "back"
    NO_ANSWER = "no_answer"
    SPLIT = "split"
    WITHDRAWN = "withdrawn"


class JoinedBy(StrEnum):
    TRIAGE = "triage"
    DISPATCHER = "dispatcher"


class Topic(StrEnum):
    """What followers are told in one round."""

    ANNOUNCED = "announced"
    CHANGED = "changed"
