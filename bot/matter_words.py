"""What the bot says of complaints, tip-offs, opinions and urging; the rest is in `words.py`."""

MATTER_TITLES = {
    "complaint": "投诉",
    "tip_off": "举报",
    "suggestion": "提建议",
    "opinion": "提意见",
    "praise": "表扬",
}
ASK_CLASS = (
    "要投诉哪方面？回复数字：\n1 工作人员的服务\n2 电费、业务办理\n3 停电、送电\n"
    "4 电压不稳、电不好用\n5 电杆线路施工"
)
CLASS_WRONG = "请回复 1 到 5 的数字。"
STORY_KEPT = "您写的记下了。"
ASK_SUBJECT = (
    "要举报什么？回复数字：\n1 偷电\n2 工作人员违规\n3 乱收费\n4 冒充电力人员\n"
    "5 破坏电力设施\n6 别的事\n您是谁，只有县公司稽查员按规定才能看到。"
)
SUBJECT_WRONG = "请回复 1 到 6 的数字。"
ASK_STORY = {
    "complaint": "请写清楚是什么事：什么时候、在哪里、怎么了。",
    "tip_off": "请写清楚：什么时候、在哪里、谁、做了什么。不要写您自己的名字和电话。",
    "suggestion": "请写您的建议。",
    "opinion": "请写您的意见。",
    "praise": "想表扬谁？请写几句。",
}
STORY_WRONG = "请多写几个字，把事情说清楚。"
ASK_WHO = "这件事和谁有关？回复数字：\n1 最近上门的师傅\n2 本村的网格员\n3 别人，或者说不清"
ASK_ANONYMOUS = "要不要答复？回复数字：\n1 要，在这里答复我（身份保密）\n2 不要，完全匿名"
ASK_PHONE_BACK = "请留一个电话，方便我们答复您。"
MATTER_NOT_FILED = "对不起，没能登记上。请过几分钟再试，或者打 95598；也可以打 12398。"
MATTER_TOO_MANY = "您还有几件事正在办，请先等答复。回复“进度”看办到哪一步，着急请打 95598。"
MATTER_STATES = {
    "taken_in": "已受理",
    "dispatched": "已交给专人",
    "in_hand": "正在处理",
    "handled": "已处理，正在准备答复",
    "answered": "已答复",
}
SEALED_ANSWERED = "您之前反映的事情有答复了，回复“进度”就能看到。"
SEALED_NEWS = "您之前反映的事情有新进展，回复“进度”就能看到。"
URGE_TITLE = "催办"
NOTHING_TO_URGE = "没有查到您正在办的单。没电了请回复“报修”，别的事打 95598。"


def matter_filed(number: str) -> str:
    """Taken in; who answers, and how to follow it."""
    return f"登记好了，单号 {number}。会有专人办理并答复您，回复“进度”随时看，回复“催办”可以催。"


def tip_off_filed(number: str, anonymous: bool) -> str:
    """Taken in under the seal; nobody can be answered who did not want it."""
    if anonymous:
        return f"收到了，单号 {number}。我们没有留下您的任何信息，也就不能答复您。谢谢您。"
    return f"收到了，单号 {number}。只有县公司稽查员能看到，办完在这里答复您，回复“进度”随时看。"


def urged(count: int, line: str) -> str:
    """Urged, how often by now, and how far it is."""
    return f"已经帮您催了，这是第 {count} 次。\n{line}\n着急请打 95598。"


def answered(number: str, answer: str) -> str:
    """What the office answers, and the question how it was."""
    return f"您反映的 {number} 有答复了：{answer[:300]}\n请给这次服务打个分。"


def answer_line(answer: str | None) -> str:
    """The answer under a line of progress, or nothing."""
    return "" if not answer else f"\n答复：{answer[:120]}"


def matter_cancelled(number: str) -> str:
    return f"您反映的 {number} 已撤销。还有问题请再写给我们，或者打 95598。"
