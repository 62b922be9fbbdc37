"""What the bot says of outages; the rest is in `words.py`."""

from datetime import datetime

from bot.words import when

OUTAGE_BACK_TITLE = "停电后来电了吗"
ASK_OUTAGE_BACK = "停电已经恢复。您家来电了吗？回复 1 来电了，回复 2 还没有。"
OUTAGE_CHOICES = (("301", "来电了"), ("302", "还没来电"))
OUTAGE_BACK_THANKS = "好的，来电就好。您的单办完了，谢谢您等。"
OUTAGE_STILL_OUT = (
    "对不起，您家还没来电。我们马上单独派人来看，有人接单会告诉您。"
    "请别动电表和电线，着急请打 95598。"
)
OUTAGE_CAUSE_UNKNOWN = "线路出了故障"
_OUTAGE_KINDS = {"planned": "计划停电", "temporary": "临时停电", "fault": "停电"}
#: Characters of a cause or of the office's words that fit beside everything else.
_CAUSE_CHARS, _PUBLIC_CHARS = 60, 120


def _why(kind: str, cause: str | None) -> str:
    if cause is not None:
        return cause[:_CAUSE_CHARS]
    return OUTAGE_CAUSE_UNKNOWN if kind == "fault" else "线路检修"


def _back_at(etr: datetime | None) -> str:
    if etr is None:
        return "来电时间还不能确定，知道了马上告诉您"
    return f"预计 {when(etr)} 来电"


def outage_joined(number: str, kind: str, cause: str | None, etr: datetime | None) -> str:
    """The report lies inside a known outage: why, until when, and that nothing more is needed."""
    return (
        f"记下了，单号 {number}。您那里正在{_OUTAGE_KINDS[kind]}：{_why(kind, cause)}，"
        f"{_back_at(etr)}。不用再报，来电后我们会问您。\n"
        "看到电线掉落、冒烟着火，请离远并打 95598。"
    )


def outage_known_beside(kind: str, cause: str | None, etr: datetime | None) -> str:
    """Somebody comes, and an outage is known there too."""
    return f"另外，您那里正在{_OUTAGE_KINDS[kind]}：{_why(kind, cause)}，{_back_at(etr)}。"


def outage_covers(number: str, kind: str, cause: str | None, etr: datetime | None) -> str:
    """A report from before belongs to an outage, as was found out later."""
    return (
        f"您报的单 {number}：查明您那里是一片停电，因为{_why(kind, cause)}，{_back_at(etr)}。"
        "抢修人员在统一处理，来电后我们会问您。"
    )


def outage_etr(number: str, etr: datetime, *, changed: bool) -> str:
    """When supply is back, said for the first time or anew."""
    how = "来电时间有变，改为预计" if changed else "预计"
    return f"您报的单 {number}：{how} {when(etr)} 来电。让您久等了，急事请打 95598。"


def outage_over(number: str) -> str:
    """Supply is back, says the grid."""
    return f"您报的单 {number}：停电已经恢复。您家来电了吗？"


def outage_planned(
    kind: str, starts_at: datetime, etr: datetime, cause: str | None, note: str | None
) -> str:
    """A planned outage, told ahead."""
    more = "" if note is None else f"\n{note[:_PUBLIC_CHARS]}"
    return (
        f"【{_OUTAGE_KINDS[kind]}通知】{when(starts_at)} 到 {when(etr)}，您那里要停电，"
        f"因为{_why(kind, cause)}。请提前做好准备；家里有医疗设备靠电的，请马上打 95598。{more}"
    )


def outage_replanned(kind: str, starts_at: datetime, etr: datetime) -> str:
    """The end of a planned outage moved."""
    return (
        f"【{_OUTAGE_KINDS[kind]}时间有变】{when(starts_at)} 开始的停电，"
        f"改为预计 {when(etr)} 来电。给您添麻烦了，急事请打 95598。"
    )


def outage_called_off(kind: str, starts_at: datetime) -> str:
    """A planned outage does not take place."""
    return f"【{_OUTAGE_KINDS[kind]}取消】{when(starts_at)} 的停电不停了，请放心用电。"
