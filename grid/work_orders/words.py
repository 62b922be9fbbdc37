"""The words of field work: kinds, states, events, grades."""

from enum import StrEnum


class TicketKind(StrEnum):
    """What a customer comes with."""

    FAULT = "fault"
    COMPLAINT = "complaint"
    TIP_OFF = "tip_off"
    SUGGESTION = "suggestion"
    OPINION = "opinion"
    PRAISE = "praise"
    INQUIRY = "inquiry"
    SERVICE_REQUEST = "service_request"


class ComplaintClass(StrEnum):
    """The five classes of complaints of the 95598 rules."""

    SERVICE = "service"
    BILLING = "billing"
    SUPPLY_INTERRUPTION = "supply_interruption"
    POWER_QUALITY = "power_quality"
    GRID_CONSTRUCTION = "grid_construction"


class TicketState(StrEnum):
    """受理, 派工, 接单, 到达, 处理, 回复, 回访, 归档; a kind leaves out what it does not need."""

    ACCEPTED = "accepted"
    DISPATCHED = "dispatched"
    IN_HAND = "in_hand"
    ON_SITE = "on_site"
    HANDLED = "handled"
    REPLIED = "replied"
    CALLED_BACK = "called_back"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class TicketLevel(StrEnum):
    """Up to whom a ticket is kept from those it is about: the grid's people, then the station's."""

    GRID = "grid"
    STATION = "station"
    COUNTY = "county"


class TicketEvent(StrEnum):
    """What may happen to a ticket; the verbs of `POST /tickets/{id}/{verb}` are among them."""

    INTAKE = "intake"
    DISPATCH = "dispatch"
    TAKE = "take"
    RETURN = "return"
    ARRIVE = "arrive"
    CONTACT = "contact"
    HANDLE = "handle"
    REPLY = "reply"
    CALLBACK = "callback"
    ARCHIVE = "archive"
    CANCEL = "cancel"
    REOPEN = "reopen"
    RECLASSIFY = "reclassify"
    URGE = "urge"
    COMMENT = "comment"
    MERGE = "merge"
    SPLIT = "split"


class CallbackOutcome(StrEnum):
    """What the customer said when asked afterwards."""

    SATISFIED = "satisfied"
    UNSATISFIED = "unsatisfied"
    NOT_SOLVED = "not_solved"
    NO_ANSWER = "no_answer"


class WorkOrderKind(StrEnum):
    FAULT_REPAIR = "fault_repair"
    ONSITE_RESTORE = "onsite_restore"
    ONSITE_STOP = "onsite_stop"
    VISIT = "visit"
    DUNNING_VISIT = "dunning_visit"
    MANUAL_READING = "manual_reading"
    SUPERVISED_READING = "supervised_reading"
    METER_CHANGE = "meter_change"
    INSPECTION = "inspection"
    COLLECTION_OPS = "collection_ops"
    CONNECTION_SURVEY = "connection_survey"
    CONNECTION_ENERGISE = "connection_energise"
    OUTAGE_WORK = "outage_work"
    NOTICE_DELIVERY = "notice_delivery"


class Channel(StrEnum):
    """How a matter reached us; the last two are other systems that hand matters over."""

    WECHAT = "wechat"
    PHONE = "phone"
    COUNTER = "counter"
    STAFF = "staff"
    PROVINCE = "province"
    GOVERNMENT = "government"


class WorkOrderState(StrEnum):
    DRAFT = "draft"
    TRIAGED = "triaged"
    PENDING_DISPATCH = "pending_dispatch"
    SCHEDULED = "scheduled"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    EN_ROUTE = "en_route"
    ON_SITE = "on_site"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    COMPLETED = "completed"
    CANNOT_COMPLETE = "cannot_complete"
    CANCELLED = "cancelled"
    CLOSED = "closed"


class WorkOrderEvent(StrEnum):
    """What may happen to a work order; the verbs of the phone are among them."""

    INTAKE = "intake"
    ASSIGN = "assign"
    SCHEDULE = "schedule"
    ACCEPT = "accept"
    DECLINE = "decline"
    SILENCE = "silence"
    RELEASE = "release"
    DEPART = "depart"
    ARRIVE = "arrive"
    START = "start"
    RESTORE = "restore"
    HOLD = "hold"
    RESUME = "resume"
    COMPLETE = "complete"
    CANNOT_COMPLETE = "cannot-complete"
    CANCEL = "cancel"
    REASSIGN = "reassign"
    CLOSE = "close"
    REOPEN = "reopen"
    SUPERVISE = "supervise"
    COMMENT = "comment"


class AssignmentState(StrEnum):
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EN_ROUTE = "en_route"
    ON_SITE = "on_site"
    WORKING = "working"
    FINISHED = "finished"
    RELEASED = "released"


class Priority(StrEnum):
    DANGER = "danger"
    URGENT = "urgent"
    NORMAL = "normal"


class Capacity(StrEnum):
    """In which capacity somebody was chosen."""

    MANAGER = "manager"
    ASSISTANT = "assistant"
    NEIGHBOUR = "neighbour"
    CREW = "crew"
    BY_HAND = "by_hand"


class ArrivalGrade(StrEnum):
    """How well an arrival is proved: only `strong` and `weak` are by position (W2)."""

    STRONG = "strong"
    WEAK = "weak"
    DISPUTED = "disputed"


class ArrivalProof(StrEnum):
    """What proves an arrival beside the position; only with one of them it is `strong`."""

    CUSTOMER_CODE = "customer_code"
    METER_CODE = "meter_code"
    HEAD_END = "head_end"


class ArrivalDoubt(StrEnum):
    """What makes the arrivals of two people doubtful together."""

    SHARED_DEVICE = "shared_device"
    SAME_TRACE = "same_trace"
