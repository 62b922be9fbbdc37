"""Policies of limits as people propose, release and read them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from grid.clocks.types import Hours, Target
from grid.geography.types import PlaceClass


class PolicyState(StrEnum):
    PROPOSED = "proposed"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"


class ProposePolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A limit for a kind of matter and a target, narrowed by what is not null, from a moment on.

    `limit_s`: a minute to 366 days. Without `effective_from` it holds from its release.
    """

    kind: Annotated[str, Meta(min_length=1, max_length=24, pattern=r"^[a-z_]+$")]
    target: Target
    limit_s: Annotated[int, Meta(ge=60, le=31_622_400)]
    hours: Hours
    source: Annotated[str, Meta(min_length=4, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
    warn_percent: Annotated[int, Meta(ge=1, le=99)] | None = None
    station_code: Annotated[str, Meta(min_length=1, max_length=20)] | None = None
    place_class: PlaceClass | None = None
    priority: Annotated[str, Meta(min_length=1, max_length=10, pattern=r"^[a-z]+$")] | None = None
    tag: Annotated[str, Meta(min_length=1, max_length=20, pattern=r"^[a-z_]+$")] | None = None
    effective_from: Annotated[datetime, Meta(tz=True)] | None = None


class PolicyView(msgspec.Struct, frozen=True, kw_only=True):
    """One policy; `id` null: a value that every county starts with."""

    id: UUID | None
    kind: str
    target: Target
    limit_s: int
    hours: Hours
    warn_percent: int | None
    source: str
    station_code: str | None
    place_class: str | None
    priority: str | None
    tag: str | None
    effective_from: datetime
    state: PolicyState
    proposed_by: str | None
    released_by: str | None


class PoliciesView(msgspec.Struct, frozen=True, kw_only=True):
    """Every policy in force, and the proposals that wait for somebody."""

    in_force: list[PolicyView]
    proposed: list[PolicyView]


class AffectedView(msgspec.Struct, frozen=True, kw_only=True):
    """How many open matters had another limit for the target, had the policy held at their intake.

    They keep the limit that they have: what is frozen at intake stays.
    """

    open_matters: int
    other_limit: int
