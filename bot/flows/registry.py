"""All flows by name: what the engine may start, and what a stored talk may name."""

from collections.abc import Mapping
from typing import Any

from bot.conversation.types import Flow
from bot.flows import (
    bind,
    danger,
    grid_manager,
    matters,
    outage_back,
    progress,
    rate,
    report_fault,
    restored,
    unbind,
    urge,
)

_ALL: tuple[Flow[Any], ...] = (
    bind.FLOW,
    unbind.FLOW,
    report_fault.FLOW,
    danger.FLOW,
    progress.FLOW,
    grid_manager.FLOW,
    rate.FLOW,
    restored.FLOW,
    urge.FLOW,
    *matters.FLOWS,
    outage_back.FLOW,
)

FLOWS: Mapping[str, Flow[Any]] = {flow.name: flow for flow in _ALL}
