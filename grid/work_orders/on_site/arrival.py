"""Arrivals: what the server knows beside the claim, further proofs, and arrivals that look alike.

What the phone says is a claim. It is compared with the positions that it sent before, with a code
that only the customer was shown, with the number on the meter, and with the arrivals of others.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.geography.distance import distance_m
from grid.geography.types import Place, PlaceClass
from grid.kit.clock import business_now
from grid.kit.database import fetch_one, fetch_value, transaction
from grid.kit.refusals import Invalid, NotAllowed, TooMany
from grid.territory.authority import Action, require
from grid.territory.types import Actor, StaffActor, SystemActor
from grid.work_orders import policies
from grid.work_orders.last_step import stale
from grid.work_orders.on_site.rules import (
    DWELL_WITHIN,
    ArrivalLimits,
    Fix,
    Seen,
    dwelt,
    judge_arrival,
    leapt,
)
from grid.work_orders.reading import view_one
from grid.work_orders.recording import Step, lock, write_step
from grid.work_orders.rules import ArrivalNotProved, WorkOrderStepNotPossible
from grid.work_orders.types import DoVerb, ProveArrival, WorkOrderView
from grid.work_orders.words import ArrivalGrade, ArrivalProof, WorkOrderEvent, WorkOrderState

#: Fixes of one person that are looked at; a phone sends one or two a minute.
_FIXES_MAX = 200
#: States in which an arrival may still be proved better.
_THERE = (WorkOrderState.ON_SITE, WorkOrderState.IN_PROGRESS, WorkOrderState.ON_HOLD)

_KNOWN = """
SELECT (SELECT device_id FROM sign_in_session WHERE id = $1) AS device_id,
    (SELECT json_agg(json_build_array(f.lat, f.lon, f.accuracy_m, f.recorded_at)
                     ORDER BY f.recorded_at)
     FROM (SELECT * FROM position_report WHERE staff = $2 AND recorded_at BETWEEN $3 AND $4
           ORDER BY recorded_at DESC LIMIT $5) f) AS fixes,
    (SELECT json_build_array(l.lat, l.lon, l.accuracy_m, l.recorded_at)
     FROM last_position l WHERE l.staff = $2) AS last,
    ARRAY(SELECT m.meter_no FROM meter m JOIN metering_point p ON p.id = m.point
          WHERE p.account = $6 AND m.removed_on IS NULL) AS meters
"""
_ROW = tuple[float, float, float, datetime]
_FIX = msgspec.json.Decoder(_ROW)
_FIXES = msgspec.json.Decoder(list[_ROW])


class Known(NamedTuple):
    """What the server knows when somebody says to have arrived."""

    device_id: str | None
    fixes: list[Fix]
    last: Fix | None
    meters: list[str]


async def judge(actor: Actor, row: Record, command: DoVerb, now: datetime) -> Step:
    """Grade an arrival whose job is locked. Raises ArrivalNotProved for a disputed one unsaid why.

    Costs two statements: the limits of the place's class, and what is known.
    """
    limits = await policies.arrival_limits(now, PlaceClass(row["place_class"]))
    known = await _known(actor, row, now)
    proof, is_wrong = _proof(row, command.customer_code, command.seal_code, known, limits)
    seen = _seen(row, command, known, limits, now)._replace(proof=proof)
    grade = judge_arrival(seen, limits)
    if grade is ArrivalGrade.DISPUTED and command.reason is None:
        shown = None if seen.distance_m is None else round(seen.distance_m)
        raise ArrivalNotProved(distance_m=shown, radius_m=limits.radius_m)
    also: dict[str, object] = {"arrival_proof": None if proof is None else proof.value}
    if is_wrong:
        also["code_tries"] = row["code_tries"] + 1
    facts = {
        "device": known.device_id,
        "proof": None if proof is None else proof.value,
        "wrong_code": is_wrong or None,
        "dwelt": seen.dwelt or None,
        "leapt": seen.leapt or None,
    }
    return Step(
        WorkOrderEvent.ARRIVE,
        WorkOrderState.ON_SITE,
        now,
        command,
        seen.distance_m,
        grade,
        also=also,
        facts={name: value for name, value in facts.items() if value is not None},
        check_in_min=limits.check_in_min,
    )


def _seen(row: Record, command: DoVerb, known: Known, limits: ArrivalLimits, now: datetime) -> Seen:
    found = command.position
    there = _place_of(row)
    if found is None:
        return Seen(None, None)
    here = Place(lat=found.lat, lon=found.lon)
    far_m = None if there is None else distance_m(here, there)
    is_there = far_m is not None and far_m <= limits.radius_m + found.accuracy_m
    return Seen(
        far_m,
        found.accuracy_m,
        found.mock,
        there is not None and dwelt(known.fixes, there, limits, now, is_there=is_there),
        leapt(known.last, found, now, limits),
    )


def _proof(
    row: Record,
    customer_code: str | None,
    seal_code: str | None,
    known: Known,
    limits: ArrivalLimits,
) -> tuple[ArrivalProof | None, bool]:
    """Which proof holds, and whether one was tried that does not. Raises TooMany, Invalid."""
    if seal_code is not None and seal_code.upper() in {one.upper() for one in known.meters}:
        return ArrivalProof.METER_CODE, False
    if customer_code is not None:
        if row["customer_code"] is None:
            raise Invalid("customer_code", "这个工单没有客户验证码")
        if row["code_tries"] >= limits.code_tries:
            raise TooMany("验证码试错次数已用完,请改用电表编号", limit=limits.code_tries)
        if customer_code == row["customer_code"]:
            return ArrivalProof.CUSTOMER_CODE, False
    return None, customer_code is not None or seal_code is not None


async def prove_arrival(
    actor: StaffActor, work_order_id: UUID, command: ProveArrival
) -> WorkOrderView:
    """Prove an arrival better afterwards: by the customer's code or the number on the meter.

    A wrong code is no refusal, for it counts as a try: the job comes back without a proof. The
    grade becomes strong only where the position was good and stored positions show the person
    there. Raises NotFound, NotAllowed, StaleVersion, TooMany, Invalid, WorkOrderStepNotPossible.
    """
    async with transaction():
        row = await lock(work_order_id)
        if row["assignee"] != actor.staff_id:
            await view_one(actor, work_order_id)
            raise NotAllowed("只有接到这个工单的人才能操作", action=Action.DO_WORK.value)
        require(actor, Action.DO_WORK)
        if row["version"] != command.version:
            raise await stale(row)
        _check_may_prove(row)
        now = await business_now()
        limits = await policies.arrival_limits(now, PlaceClass(row["place_class"]))
        known = await _known(actor, row, now)
        proof, is_wrong = _proof(row, command.customer_code, command.seal_code, known, limits)
        also: dict[str, object] = {"code_tries": row["code_tries"] + 1} if is_wrong else {}
        await _write_proof(actor, row, proof, also, _stood_there(row, known, limits, now), now)
        return await view_one(actor, work_order_id)


async def code_for_customer(work_order_id: UUID) -> str | None:
    """What the customer tells whoever comes; for the customer's own message and no other reader.

    None once somebody is there, or where nobody is on the way.
    """
    code: str | None = await fetch_value(
        "SELECT customer_code FROM work_order WHERE id = $1 AND state IN ('accepted', 'en_route')",
        work_order_id,
    )
    return code


async def head_end_saw(actor: SystemActor, work_order_id: UUID) -> bool:
    """The head-end saw work at the meter (opened, read on site): proof that somebody is there.

    False where the job has no arrival to prove. Raises NotFound.
    """
    async with transaction():
        row = await lock(work_order_id)
        if WorkOrderState(row["state"]) not in _THERE or row["arrival_proof"] is not None:
            return False
        now = await business_now()
        limits = await policies.arrival_limits(now, PlaceClass(row["place_class"]))
        known = await _known(actor, row, now)
        stood = _stood_there(row, known, limits, now)
        await _write_proof(actor, row, ArrivalProof.HEAD_END, {}, stood, now)
        return True


def _check_may_prove(row: Record) -> None:
    state = WorkOrderState(row["state"])
    if state not in _THERE or row["arrival_grade"] == ArrivalGrade.STRONG:
        raise WorkOrderStepNotPossible("没有需要补充证明的到场记录", state=state.value)


def _stood_there(row: Record, known: Known, limits: ArrivalLimits, now: datetime) -> bool:
    there = _place_of(row)
    return there is not None and dwelt(known.fixes, there, limits, now, is_there=False)


async def _write_proof(
    actor: Actor,
    row: Record,
    proof: ArrivalProof | None,
    also: Mapping[str, object],
    stood: bool,
    now: datetime,
) -> None:
    state = WorkOrderState(row["state"])
    known = proof or (row["arrival_proof"] and ArrivalProof(row["arrival_proof"]))
    is_strong = bool(known) and stood and row["arrival_grade"] == ArrivalGrade.WEAK
    sets = {**also, "arrival_proof": known.value if known else None}
    if is_strong:
        sets["arrival_grade"] = ArrivalGrade.STRONG.value
    words = "补充到场证明" if known else "到场证明未通过"
    step = Step(
        WorkOrderEvent.COMMENT,
        state,
        now,
        DoVerb(version=row["version"], reason=words),
        also=sets,
        facts={"proof": known.value if known else None, "strong": is_strong},
    )
    await write_step(actor, row, step)


async def _known(actor: Actor, row: Record, now: datetime) -> Known:
    """What is known of the person who has the job; one statement."""
    found = await fetch_one(
        _KNOWN,
        actor.session_id if isinstance(actor, StaffActor) else None,
        row["assignee"],
        now - DWELL_WITHIN,
        now,
        _FIXES_MAX,
        row["account"],
    )
    assert found is not None
    fixes = [] if found["fixes"] is None else _FIXES.decode(found["fixes"])
    last = None if found["last"] is None else _fix(_FIX.decode(found["last"]))
    return Known(found["device_id"], [_fix(one) for one in fixes], last, found["meters"])


def _fix(stored: _ROW) -> Fix:
    lat, lon, accuracy_m, recorded_at = stored
    return Fix(Place(lat=lat, lon=lon), accuracy_m, recorded_at)


def _place_of(row: Record) -> Place | None:
    return None if row["lat"] is None else Place(lat=row["lat"], lon=row["lon"])
