"""Which words mean what: the words that work at any time, and what people write instead of them."""

import re
from collections.abc import Mapping
from enum import StrEnum

from bot import words


class Global(StrEnum):
    """Words that work in every step of every flow."""

    MENU = "menu"
    CANCEL = "cancel"
    BACK = "back"
    HELP = "help"
    HUMAN = "human"
    QUIT = "quit"
    CONTINUE = "continue"


class Info(StrEnum):
    """Answers without a flow: thanks, a greeting, and where to do what the bot cannot do yet."""

    BALANCE = "balance"
    USAGE = "usage"
    PAY = "pay"
    CONNECT = "connect"
    PLANNED = "planned"
    THANKS = "thanks"
    GREETING = "greeting"


class Start(StrEnum):
    """Flows that a word starts; the values are the flows' names."""

    REPORT_FAULT = "report_fault"
    BIND = "bind"
    PROGRESS = "progress"
    RATE = "rate"
    UNBIND = "unbind"
    GRID = "grid_manager"
    URGE = "urge"
    COMPLAINT = "complaint"
    TIP_OFF = "tip_off"
    SUGGESTION = "suggestion"
    OPINION = "opinion"
    PRAISE = "praise"


Meaning = Global | Info | Start

GLOBAL_WORDS: Mapping[str, Global] = {
    "菜单": Global.MENU, "主菜单": Global.MENU, "目录": Global.MENU, "0": Global.MENU,
    "取消": Global.CANCEL, "算了": Global.CANCEL, "不办了": Global.CANCEL,
    "返回": Global.BACK, "上一步": Global.BACK, "后退": Global.BACK,
    "帮助": Global.HELP, "help": Global.HELP, "怎么用": Global.HELP, "说明": Global.HELP,
    "人工": Global.HUMAN, "转人工": Global.HUMAN, "人工服务": Global.HUMAN, "客服": Global.HUMAN,
    "退出": Global.QUIT, "结束": Global.QUIT,
    "继续": Global.CONTINUE, "接着办": Global.CONTINUE,
}  # fmt: skip

CHAT_WORDS: Mapping[str, Info | Start] = {
    "余额": Info.BALANCE, "查余额": Info.BALANCE, "电费余额": Info.BALANCE, "查电费": Info.BALANCE,
    "电费": Info.BALANCE, "电费多少": Info.BALANCE,
    "用电": Info.USAGE, "电量": Info.USAGE, "用电量": Info.USAGE, "查电量": Info.USAGE,
    "缴费": Info.PAY, "充值": Info.PAY, "交费": Info.PAY, "交电费": Info.PAY, "缴电费": Info.PAY,
    "解绑": Start.UNBIND, "取消绑定": Start.UNBIND, "解除绑定": Start.UNBIND,
    "办电": Info.CONNECT, "新装": Info.CONNECT, "增容": Info.CONNECT, "过户": Info.CONNECT,
    "投诉": Start.COMPLAINT, "我要投诉": Start.COMPLAINT,
    "举报": Start.TIP_OFF, "我要举报": Start.TIP_OFF, "匿名举报": Start.TIP_OFF,
    "建议": Start.SUGGESTION, "提建议": Start.SUGGESTION, "我有建议": Start.SUGGESTION,
    "意见": Start.OPINION, "提意见": Start.OPINION, "我有意见": Start.OPINION,
    "表扬": Start.PRAISE, "我要表扬": Start.PRAISE,
    "催办": Start.URGE, "催单": Start.URGE, "催一下": Start.URGE, "催催": Start.URGE,
    "网格": Start.GRID, "网格员": Start.GRID, "网格经理": Start.GRID, "网格员是谁": Start.GRID,
    "停电通知": Info.PLANNED, "计划停电": Info.PLANNED,
    "报修": Start.REPORT_FAULT, "停电": Start.REPORT_FAULT, "我要报修": Start.REPORT_FAULT,
    "故障报修": Start.REPORT_FAULT,
    "绑定": Start.BIND, "绑户号": Start.BIND, "绑定户号": Start.BIND,
    "进度": Start.PROGRESS, "查进度": Start.PROGRESS, "报修进度": Start.PROGRESS,
    "评价": Start.RATE, "打分": Start.RATE,
}  # fmt: skip

#: Keys of the account's menu buttons; an old key that is gone shows the menu.
MENU_KEYS: Mapping[str, Meaning] = {
    "BALANCE": Info.BALANCE, "USAGE": Info.USAGE, "PAY": Info.PAY,
    "REPORT_FAULT": Start.REPORT_FAULT, "FAULT_PIC": Start.REPORT_FAULT,
    "BIND": Start.BIND, "METER_QR": Start.BIND, "UNBIND": Start.UNBIND,
    "PROGRESS": Start.PROGRESS, "RATE": Start.RATE, "CONNECT": Info.CONNECT,
    "COMPLAIN": Start.COMPLAINT, "TIP_OFF": Start.TIP_OFF,
    "OPINION": Start.OPINION, "URGE": Start.URGE, "GRID": Start.GRID,
    "HELP": Global.HELP, "HUMAN": Global.HUMAN,
}  # fmt: skip

#: The numbers of the menu shown when nothing is going on.
MENU_NUMBERS: Mapping[int, Meaning] = {
    1: Start.REPORT_FAULT, 2: Start.PROGRESS, 3: Start.BIND, 4: Info.BALANCE, 5: Start.GRID,
    6: Global.HELP,
}  # fmt: skip

INFO_WORDS: Mapping[Info, str] = {
    Info.BALANCE: words.BALANCE,
    Info.USAGE: words.USAGE,
    Info.PAY: words.PAY,
    Info.CONNECT: words.CONNECT,
    Info.PLANNED: words.PLANNED,
    Info.THANKS: words.THANKS,
    Info.GREETING: words.WELCOME,
}

#: What people write when nothing is going on; the first match wins.
HINTS: tuple[tuple[re.Pattern[str], Meaning], ...] = (
    (re.compile("投诉"), Start.COMPLAINT),
    (re.compile("举报"), Start.TIP_OFF),
    (re.compile("停电.{0,3}(?:通知|计划|预告)|(?:明天|后天|今晚|下周).{0,6}停电"), Info.PLANNED),
    (re.compile("解绑|解除绑定"), Start.UNBIND),
    (re.compile("绑定|绑.{0,2}户"), Start.BIND),
    (re.compile("催(?!费|缴|收)"), Start.URGE),
    (
        re.compile(
            "进度|到哪一?[步了]|单号|工单|师傅.{0,6}(?:[到来哪])|(?:什么时候|几点|好久|多久|还要).{0,6}"
            "(?:来电|修好|有电|复电|恢复|[到等])|修好.{0,2}[吗没]|还?没人?来修|没人来"
        ),
        Start.PROGRESS,
    ),
    (re.compile("偷电|窃电|骗|冒充"), Start.TIP_OFF),
    (re.compile("态度|推销|乱收费"), Start.COMPLAINT),
    (re.compile("表扬|锦旗|(?:师傅|服务).{0,4}(?:很|真|太|蛮|挺)好"), Start.PRAISE),
    (re.compile("(?:提|有).{0,3}建议|^建议"), Start.SUGGESTION),
    (re.compile("(?:提|有).{0,3}意见"), Start.OPINION),
    (
        re.compile(
            "(?:没|没有|没得|没的|么得|莫得|冒得|冇得?|无|断|停|缺)了?电(?!话|费|脑|视)|不来电|[没未]来电|来电.{0,4}[又没]"
            "|电.{0,2}(?:还没来|断了)|送不上|跳闸|又?跳了|漏保|空开坏|保险丝|合不上|推不上|打不上|电压|带不动"
            "|灯.{0,3}(?:不亮|[闪暗灭])|表.{0,2}(?:不亮|黑|没有?显示)|忽明忽暗|缺.?相|报修|抢修|黑了|漆黑|黑漆麻黑|黑咕隆咚|故障|复电"
        ),
        Start.REPORT_FAULT,
    ),
    (re.compile("[缴交充].{0,3}[费钱值]|费.{0,4}[缴交充]|代扣|扣费"), Info.PAY),
    (re.compile("余额|欠费|欠多少|账单|电费单|预存"), Info.BALANCE),
    (re.compile("多少度|几度|用电量|电量|用电明细"), Info.USAGE),
    (
        re.compile(
            "[装移换验]表|新装|报装|办电|[增减]容|过户|销户|[更改]名|户头|改类|发票|充电桩|光伏|临时用电"
            "|三相电|移.{0,2}杆|报停|停用|表坏"
        ),
        Info.CONNECT,
    ),
    (re.compile("网格|谁管|谁负责|抄表员"), Start.GRID),
    (re.compile("电费|电价|多少钱"), Info.BALANCE),
    (re.compile("客服|人工|领导|营业厅|供电所|上班|电工|电话"), Global.HUMAN),
    (re.compile("^(?:谢|多谢|感谢|好的|收到|知道了|辛苦|嗯|好|可以|没事)"), Info.THANKS),
    (re.compile("^(?:你好|您好|在吗|在不|喂|早上好|下午好|晚上好|有人吗)"), Info.GREETING),
)

#: What a free sentence begins with the sentence itself as its story.
WITH_STORY = frozenset(
    {Start.REPORT_FAULT, Start.COMPLAINT, Start.TIP_OFF, Start.SUGGESTION}
    | {Start.OPINION, Start.PRAISE}
)

#: Ways to say that there is nothing more to say.
NOTHING_MORE = frozenset({"不说了", "没有", "没有了", "没了", "不用", "不用了", "不想说"})

#: What has no electricity here is not ours.
_NOT_OURS = re.compile("(?:手机|充电宝|电瓶车?|电动车|遥控器|手电筒?|话费).{0,3}(?:快?没电|没得电)")

#: Answers about the power, also when nobody asked just now.
POWER_IS_BACK = frozenset(
    {"来电了", "有电了", "已来电", "来了", "好了", "修好了", "已经来电", "201"}
)
POWER_IS_OUT = frozenset({"没来电", "还没来电", "没有来电", "还没有", "还没电", "没修好"})

#: The same inside a sentence, once the question was asked; "out" is looked for first.
SAYS_OUT = re.compile("没|未|还不|不亮|又[停断跳]|跳闸|停电|断电")
SAYS_BACK = re.compile("来电|有电|好了|亮了|修好|恢复|正常")

#: Words for stars.
STARS: Mapping[str, int] = {
    "非常满意": 5, "很满意": 5, "满意": 5, "好评": 5,
    "很好": 5, "蛮好": 5, "挺好": 5, "非常好": 5,
    "基本满意": 4, "一般": 3, "还行": 3, "还可以": 3,
    "不满意": 1, "很不满意": 1, "差评": 1, "差": 1, "很差": 1, "太差": 1, "太差了": 1, "不好": 1,
}  # fmt: skip

#: Answers of the message menus we send: the flow they belong to and its slots.
TAPS: Mapping[str, tuple[str, Mapping[str, bool | int]]] = {
    "105": ("rate", {"stars": 5}),
    "103": ("rate", {"stars": 3}),
    "101": ("rate", {"stars": 1}),
    "201": ("restored", {"is_back": True}),
    "202": ("restored", {"is_back": False}),
    "301": ("outage_back", {"is_back": True}),
    "302": ("outage_back", {"is_back": False}),
}


#: "不投诉了", "我不想报修了": the word of a flow, and yet the wish to stop.
_NO_MORE = re.compile(
    "我?(?:先|又)?不(?:想|要|用)?(?:再)?"
    "(?:投诉|举报|报修?|绑定?户?号?|解绑|催办?|提?建议|提?意见|表扬|说|办|弄)了"
)


def meaning_of(bare_text: str) -> Meaning | None:
    """The meaning of a whole message that is one command word, or None."""
    if bare_text not in NOTHING_MORE and _NO_MORE.fullmatch(bare_text):
        return Global.CANCEL
    return GLOBAL_WORDS.get(bare_text) or CHAT_WORDS.get(bare_text)


def hint_of(bare_text: str) -> Meaning | None:
    """What a free sentence is probably about, or None."""
    if _NOT_OURS.search(bare_text):
        return None
    for pattern, meaning in HINTS:
        if pattern.search(bare_text):
            return meaning
    return None
