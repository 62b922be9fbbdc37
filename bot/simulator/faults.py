"""Misbehaviour on order: an endpoint that is slow, wrong, broken or cut."""

from typing import Annotated, Literal

import msgspec

MAX_FAULTS = 100
LONGEST_LATENCY_MS = 120_000

FaultKind = Literal["latency", "errcode", "http_status", "reset", "html"]


class OrderFault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`endpoint` is a path, the end of one, or `*`; `times` calls are hit, 0 means until cleared.

    `value`: milliseconds for latency, the code for errcode, the status for http_status.
    """

    endpoint: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    kind: FaultKind
    value: Annotated[int, msgspec.Meta(ge=-1, le=1_000_000)] = 0
    times: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 1


class Fault:
    """One ordered fault and how many calls it still hits (None: all)."""

    def __init__(self, order: OrderFault) -> None:
        self.order = order
        self.left = order.times or None
        self.hits = 0

    def matches(self, path: str) -> bool:
        """Does this fault apply to a call of `path`?"""
        return self.order.endpoint == "*" or path.endswith(self.order.endpoint)

    def view(self) -> dict[str, object]:
        """The order with what happened to it."""
        return {**msgspec.to_builtins(self.order), "left": self.left, "hits": self.hits}


class FaultBoard:
    """Faults in the order they were given; at most 100 at a time."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def order(self, order: OrderFault) -> None:
        """Add one; the value is checked against its kind (ValueError)."""
        if len(self.faults) >= MAX_FAULTS:
            raise ValueError(f"at most {MAX_FAULTS} faults at a time")
        if order.kind == "latency" and not 0 < order.value <= LONGEST_LATENCY_MS:
            raise ValueError(f"latency is 1 to {LONGEST_LATENCY_MS} milliseconds")
        if order.kind == "http_status" and not 400 <= order.value <= 599:
            raise ValueError("http_status is 400 to 599")
        if order.kind == "errcode" and order.value == 0:
            raise ValueError("errcode 0 is no error")
        self.faults.append(Fault(order))

    def take(self, path: str) -> list[OrderFault]:
        """The faults of one call: every latency that matches, then the first other kind."""
        hit: list[OrderFault] = []
        for fault in list(self.faults):
            broken = any(order.kind != "latency" for order in hit)
            if not fault.matches(path) or (broken and fault.order.kind != "latency"):
                continue
            hit.append(fault.order)
            fault.hits += 1
            if fault.left is not None:
                fault.left -= 1
                if fault.left == 0:
                    self.faults.remove(fault)
        return sorted(hit, key=lambda order: order.kind != "latency")

    def clear(self) -> None:
        """Behave again."""
        self.faults.clear()
