"""All flows by name: what the engine may start, and what a stored talk may name."""

from collections.abc import Mapping
from typing import Any

from bot.conversation.types import Flow
from bot.flows import bind, danger, progress, rate, report_fault, restored

FLOWS: Mapping[str, Flow[Any]] = {
    flow.name: flow
    for flow in (
        bind.FLOW,
        report_fault.FLOW,
        danger.FLOW,
        progress.FLOW,
        rate.FLOW,
        restored.FLOW,
    )
}
