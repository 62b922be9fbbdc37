"""The form of each kind of ticket, as data: what is asked beside description, place and person.

Doors draw these fields and send them in `form`; `check_form` is what the verb asks. Pure.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

import msgspec

from grid.kit.refusals import Invalid
from grid.work_orders.words import TicketKind

_K = TicketKind


class FieldType(StrEnum):
    """How a field is typed; a choice is one of its words."""

    LINE = "line"
    CHOICE = "choice"
    DATE = "date"
    NUMBER = "number"


class FormField(msgspec.Struct, frozen=True, kw_only=True):
    """One field: its name in `form`, its label, and for a choice its words with their labels."""

    name: str
    label: str
    type: FieldType = FieldType.LINE
    required: bool = False
    choices: dict[str, str] = {}
    longest: int = 100


_REQUESTS = {
    "rename": "更名",
    "transfer": "过户",
    "increase": "增容",
    "decrease": "减容",
    "close_account": "销户",
    "suspend": "暂停用电",
    "resume": "恢复用电",
    "move_meter": "移表",
    "test_meter": "校表",
    "change_meter": "换表",
    "new_connection": "新装",
    "price_class": "改类",
    "invoice": "发票",
    "refund": "退费",
    "other": "其他",
}
_ABOUT_PERSON = FormField(name="person", label="涉及的人或岗位")

#: What each kind asks. The class of a complaint and whom it is about are fields of the command.
FIELDS: dict[TicketKind, tuple[FormField, ...]] = {
    _K.FAULT: (
        FormField(
            name="extent",
            label="停电范围",
            type=FieldType.CHOICE,
            choices={"home": "只有自家", "neighbours": "附近几户", "village": "一片或全村"},
        ),
        FormField(name="since", label="从什么时候开始"),
    ),
    _K.COMPLAINT: (
        FormField(name="happened_on", label="发生日期", type=FieldType.DATE),
        _ABOUT_PERSON,
        FormField(name="wish", label="客户诉求", longest=200),
    ),
    _K.TIP_OFF: (
        FormField(
            name="subject",
            label="举报事项",
            type=FieldType.CHOICE,
            required=True,
            choices={
                "theft": "窃电或违约用电",
                "staff_conduct": "工作人员违规违纪",
                "fees": "乱收费",
                "impersonation": "冒充电力人员",
                "damage": "破坏电力设施",
                "other": "其他",
            },
        ),
        _ABOUT_PERSON,
        FormField(name="happened_on", label="发生日期", type=FieldType.DATE),
        FormField(name="evidence_words", label="有什么凭据", longest=200),
    ),
    _K.SUGGESTION: (FormField(name="topic", label="建议的事情"),),
    _K.OPINION: (FormField(name="topic", label="意见的事情"),),
    _K.PRAISE: (FormField(name="person", label="表扬谁", required=False),),
    _K.INQUIRY: (
        FormField(
            name="topic",
            label="咨询事项",
            type=FieldType.CHOICE,
            required=True,
            choices={
                "bill": "电费电价",
                "outage": "停电信息",
                "business": "办电手续",
                "meter": "电表",
                "channel": "缴费渠道",
                "other": "其他",
            },
        ),
    ),
    _K.SERVICE_REQUEST: (
        FormField(
            name="type",
            label="业务类型",
            type=FieldType.CHOICE,
            required=True,
            choices=_REQUESTS,
        ),
        FormField(name="new_name", label="新户名"),
        FormField(name="capacity_kw", label="申请容量(千瓦)", type=FieldType.NUMBER),
        FormField(name="wanted_on", label="希望日期", type=FieldType.DATE),
    ),
}


def check_form(kind: TicketKind, form: Mapping[str, str]) -> None:
    """Raises Invalid naming `form.<field>`: unknown, missing, too long or no such choice."""
    known = {field.name: field for field in FIELDS[kind]}
    for name in form:
        if name not in known:
            raise Invalid(f"form.{name}", "这类业务没有这一项")
    for field in known.values():
        value = form.get(field.name, "").strip()
        if not value:
            if field.required:
                raise Invalid(f"form.{field.name}", f"请填写{field.label}")
            continue
        _check_value(field, value)


def _check_value(field: FormField, value: str) -> None:
    name = f"form.{field.name}"
    if not value.isprintable() or len(value) > field.longest:
        raise Invalid(name, f"{field.label}不超过 {field.longest} 个字", longest=field.longest)
    if field.type is FieldType.CHOICE and value not in field.choices:
        raise Invalid(name, f"请从列出的{field.label}中选择")
    if field.type is FieldType.DATE:
        try:
            date.fromisoformat(value)
        except ValueError as error:
            raise Invalid(name, f"{field.label}应为日期,例如 2026-11-22") from error
    if field.type is FieldType.NUMBER and not _is_number(value):
        raise Invalid(name, f"{field.label}应为数字")


def _is_number(value: str) -> bool:
    whole, _, rest = value.partition(".")
    return value.isascii() and whole.isdigit() and (not rest or rest.isdigit()) and len(value) <= 12


def shown(kind: TicketKind, form: Mapping[str, str]) -> dict[str, str]:
    """A form in words: labels with values, choices by their labels; for pages and exports."""
    known = {field.name: field for field in FIELDS[kind]}
    found = {}
    for name, value in form.items():
        field = known.get(name)
        label = name if field is None else field.label
        found[label] = value if field is None else field.choices.get(value, value)
    return found
