"""What each kind of job needs: who, with which skill, which proof, behind which gate. Data.

An assistant (协管员) does no work with money, control or meters; that is company rule, and the
table below is where it is said.
"""

from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from grid.evidence.types import EvidencePurpose
from grid.kit.refusals import Refusal
from grid.territory.authority import AnyRole
from grid.territory.types import Actor, GridRole, Skill, StaffActor, StaffRole, SystemActor
from grid.work_orders.words import Priority, WorkOrderKind

_P, _K = EvidencePurpose, WorkOrderKind
_M, _A, _CREW = GridRole.MANAGER, GridRole.ASSISTANT, StaffRole.CREW
_OFFICE = frozenset({StaffRole.DISPATCHER, StaffRole.STATION_HEAD})


class Gate(StrEnum):
    """Whether work may only start behind permit, second person and voltage-absent photo."""

    NONE = "none"
    WHEN_LIVE = "when_live"
    ALWAYS = "always"


class Need(NamedTuple):
    """At least `pieces` of evidence, each for one of these purposes."""

    purposes: tuple[EvidencePurpose, ...]
    pieces: int = 1


class KindSpec(NamedTuple):
    """One kind of job.

    `restores`: complete only after supply was restored. `offered`: dispatch offers it by itself;
    other jobs are given to somebody when they are planned. `check_in`: who is alone there says
    every few minutes that all is well. `refused`: why nobody may open one.
    """

    title: str
    may_do: frozenset[AnyRole]
    may_open: frozenset[AnyRole]
    skills: tuple[Skill, ...] = ()
    evidence: tuple[Need, ...] = ()
    gate: Gate = Gate.NONE
    restores: bool = False
    offered: bool = True
    check_in: bool = False
    priority: Priority = Priority.NORMAL
    refused: str | None = None


_FIELD: frozenset[AnyRole] = frozenset({_M, _A, _CREW})
_SKILLED: frozenset[AnyRole] = frozenset({_M, _CREW})
_OPENERS: frozenset[AnyRole] = _OFFICE | {_M, StaffRole.BACK_OFFICE}
_FAULT_OPENERS: frozenset[AnyRole] = _OPENERS | {_A, _CREW}
_METER = (Need((_P.METER_PHOTO,)),)

KINDS: dict[WorkOrderKind, KindSpec] = {
    _K.FAULT_REPAIR: KindSpec(
        "抢修",
        _FIELD,
        _FAULT_OPENERS,
        skills=(Skill.FAULT_REPAIR,),
        gate=Gate.WHEN_LIVE,
        restores=True,
        check_in=True,
        priority=Priority.URGENT,
    ),
    _K.ONSITE_RESTORE: KindSpec(
        "现场复电",
        _SKILLED,
        _OPENERS,
        skills=(Skill.METERING,),
        evidence=_METER,
        gate=Gate.WHEN_LIVE,
        restores=True,
        check_in=True,
        priority=Priority.URGENT,
    ),
    _K.ONSITE_STOP: KindSpec(
        "现场停电",
        _SKILLED,
        frozenset(),
        skills=(Skill.METERING,),
        evidence=_METER,
        refused="现场停电须有停电决策记录,目前不能开单",
    ),
    _K.VISIT: KindSpec(
        "走访",
        _FIELD,
        _OPENERS,
        evidence=(Need((_P.SITE_PHOTO, _P.SIGNATURE)),),
        offered=False,
    ),
    _K.DUNNING_VISIT: KindSpec("上门催费", _SKILLED, _OPENERS, offered=False),
    _K.MANUAL_READING: KindSpec("补抄", _SKILLED, _OPENERS, evidence=_METER),
    _K.SUPERVISED_READING: KindSpec("监抄", _SKILLED, _OPENERS, evidence=_METER),
    _K.METER_CHANGE: KindSpec(
        "换表",
        _SKILLED,
        _OPENERS,
        skills=(Skill.METERING,),
        evidence=(
            Need((_P.BEFORE_PHOTO,)),
            Need((_P.AFTER_PHOTO,)),
            Need((_P.SIGNATURE,)),
        ),
        gate=Gate.WHEN_LIVE,
        check_in=True,
    ),
    _K.INSPECTION: KindSpec(
        "用电检查",
        _SKILLED,
        _OPENERS | {StaffRole.AUDITOR},
        skills=(Skill.LOW_VOLTAGE,),
        evidence=(Need((_P.SITE_PHOTO,)), Need((_P.SIGNATURE, _P.DOCUMENT))),
    ),
    _K.COLLECTION_OPS: KindSpec(
        "采集运维",
        _SKILLED,
        _OPENERS,
        skills=(Skill.METERING,),
        evidence=(Need((_P.SITE_PHOTO, _P.AFTER_PHOTO)),),
    ),
    _K.CONNECTION_SURVEY: KindSpec(
        "现场勘查", _SKILLED, _OPENERS, evidence=(Need((_P.SITE_PHOTO,)),), offered=False
    ),
    _K.CONNECTION_ENERGISE: KindSpec(
        "装表接电",
        _SKILLED,
        _OPENERS,
        skills=(Skill.METERING,),
        evidence=(Need((_P.METER_PHOTO,)), Need((_P.SIGNATURE,))),
        gate=Gate.WHEN_LIVE,
        check_in=True,
        offered=False,
    ),
    _K.OUTAGE_WORK: KindSpec(
        "停电检修",
        _SKILLED,
        _OPENERS,
        skills=(Skill.FAULT_REPAIR,),
        evidence=(Need((_P.AFTER_PHOTO,)),),
        gate=Gate.ALWAYS,
        restores=True,
        check_in=True,
        priority=Priority.URGENT,
    ),
    _K.NOTICE_DELIVERY: KindSpec(
        "送达通知", _SKILLED, _OPENERS, evidence=(Need((_P.NOTICE_PHOTO,)), *_METER)
    ),
}


class KindNotPossible(Refusal):
    """Nobody may open such a job now, or not by this role."""

    title = "不能开这种工单"


class EvidenceMissing(Refusal):
    """The kind asks for evidence that was not attached."""

    title = "缺少必需的现场资料"


#: What people call each purpose.
PURPOSE_WORDS = {
    _P.SITE_PHOTO: "现场照片",
    _P.BEFORE_PHOTO: "作业前照片",
    _P.AFTER_PHOTO: "作业后照片",
    _P.METER_PHOTO: "电表照片",
    _P.VOLTAGE_ABSENT_PHOTO: "验电照片",
    _P.WORK_PERMIT: "工作票照片",
    _P.SIGNATURE: "客户签名",
    _P.NOTICE_PHOTO: "通知书照片",
    _P.SEAL_PHOTO: "封印照片",
    _P.LEAFLET_RECEIPT: "资料签收",
    _P.DOCUMENT: "书面材料",
    _P.OTHER: "其他资料",
}
SKILL_WORDS = {
    Skill.LOW_VOLTAGE: "低压电工",
    Skill.CLIMBING: "登高",
    Skill.FAULT_REPAIR: "抢修",
    Skill.METERING: "计量",
    Skill.LIVE_LINE: "带电作业",
}


def missing_evidence(
    kind: WorkOrderKind, counted: dict[EvidencePurpose, int]
) -> list[tuple[EvidencePurpose, ...]]:
    """The needs of the kind that what was attached does not meet."""
    return [
        need.purposes
        for need in KINDS[kind].evidence
        if sum(counted.get(purpose, 0) for purpose in need.purposes) < need.pieces
    ]


def check_evidence(kind: WorkOrderKind, counted: dict[EvidencePurpose, int]) -> None:
    """Raises EvidenceMissing naming what the kind asks for and nobody attached."""
    missing = missing_evidence(kind, counted)
    if missing:
        named = "、".join("或".join(PURPOSE_WORDS[one] for one in need) for need in missing)
        listed = ",".join("|".join(one.value for one in need) for need in missing)
        raise EvidenceMissing(f"还缺:{named}", missing=listed)


def check_opener(
    actor: Actor, kind: WorkOrderKind, grid_id: UUID | None, station_id: UUID | None
) -> None:
    """Raises KindNotPossible when nobody may open such a job, or none of the actor's roles may.

    Of a place that nobody knows only a post of the whole county opens one.
    """
    spec = KINDS[kind]
    if spec.refused is not None:
        raise KindNotPossible(spec.refused, kind=kind.value)
    if isinstance(actor, SystemActor):
        return
    if isinstance(actor, StaffActor) and not actor.must_change_password:
        posts = [post for post in actor.roles if post.role in spec.may_open]
        if any(post.station_id is None or post.station_id == station_id for post in posts):
            return
        held = [post for post in actor.grid_roles if post.role in spec.may_open]
        if any(post.grid_id == grid_id for post in held):
            return
    raise KindNotPossible(f"您的岗位不能在这里开“{spec.title}”工单", kind=kind.value)
