"""What each kind of job needs: who, with which skill, which proof, behind which gate. Data.

An assistant (协管员) does no work with money, control or meters; that is company rule, and the
table below is where it is said.
"""

from enum import StrEnum
from typing import NamedTuple

from grid.evidence.types import EvidencePurpose
from grid.kit.refusals import Refusal
from grid.territory.authority import AnyRole
from grid.territory.types import GridRole, Skill, StaffRole
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
    other jobs are given to somebody when they are planned. `refused`: why nobody may open one.
    """

    title: str
    may_do: frozenset[AnyRole]
    may_open: frozenset[AnyRole]
    skills: tuple[Skill, ...] = ()
    evidence: tuple[Need, ...] = ()
    gate: Gate = Gate.NONE
    restores: bool = False
    offered: bool = True
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
        gate=Gate.WHEN_LIVE,
        restores=True,
        priority=Priority.URGENT,
    ),
    _K.ONSITE_RESTORE: KindSpec(
        "现场复电",
        _SKILLED,
        _OPENERS,
        skills=(Skill.METERING,),
        evidence=_METER,
        restores=True,
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


def missing_evidence(
    kind: WorkOrderKind, counted: dict[EvidencePurpose, int]
) -> list[tuple[EvidencePurpose, ...]]:
    """The needs of the kind that what was attached does not meet."""
    return [
        need.purposes
        for need in KINDS[kind].evidence
        if sum(counted.get(purpose, 0) for purpose in need.purposes) < need.pieces
    ]
