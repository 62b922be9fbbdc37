"""The forms and leaflets that a county starts with, as data. Version 1; nothing here is edited."""

from grid.visits.form_types import Choice, VisitField
from grid.visits.words import FieldType, FormWord, Leaflet

_T, _F = FieldType, FormWord


def _ask(
    key: str,
    label: str,
    kind: FieldType,
    *choices: str,
    required: bool = True,
    help: str | None = None,
    money: bool = False,
) -> VisitField:
    return VisitField(
        key=key,
        label=label,
        type=kind,
        required=required,
        help=help,
        choices=[Choice(words=words) for words in choices],
        money=money,
    )


_SUPPLY = _ask("supply", "近期用电情况", _T.CHOICE, "正常", "偶尔停电", "电压不稳", "经常停电")
_WIRING = _ask("wiring_ok", "室内线路和开关看起来安全", _T.YES_NO)
_LEAK_SWITCH = _ask("leak_switch_ok", "漏电保护器按试验按钮能跳开", _T.YES_NO, required=False)
_CONTACT_RIGHT = _ask("contact_right", "登记的电话和联系人都对", _T.YES_NO)
_NOTICE_WAY = _ask(
    "notice_way", "停电通知怎么告诉最好", _T.CHOICE, "微信", "电话", "上门", "告诉家人"
)
_WISHES = _ask("wishes", "客户的意见和需要", _T.TEXT, required=False)
_METER = _ask("meter_photo", "表箱照片", _T.PHOTO, required=False)

SEED_FORMS: dict[FormWord, tuple[str, tuple[VisitField, ...]]] = {
    _F.ORDINARY: (
        "普通客户走访表",
        (_SUPPLY, _WIRING, _LEAK_SWITCH, _CONTACT_RIGHT, _NOTICE_WAY, _METER, _WISHES),
    ),
    _F.SPECIAL_CARE: (
        "特殊群体走访表",
        (
            _ask(
                "at_home", "家里有谁", _T.CHOICE, "老人独居", "老人和孩子", "有人照顾", "无人在家"
            ),
            _ask("health", "身体和精神", _T.CHOICE, "好", "一般", "需要帮助"),
            _SUPPLY,
            _WIRING,
            _LEAK_SWITCH,
            _ask(
                "heating",
                "取暖和做饭用什么",
                _T.MULTI,
                "电",
                "煤气",
                "柴火",
                "炭火",
                help="炭火要提醒开窗通风",
            ),
            _ask("pays_how", "电费谁来交", _T.CHOICE, "自己", "子女代交", "村里代交", "不清楚"),
            _CONTACT_RIGHT,
            _ask("helped_with", "今天帮了什么", _T.TEXT, required=False),
            _WISHES,
        ),
    ),
    _F.MEDICAL_DEVICE: (
        "医疗用电客户走访表",
        (
            _ask(
                "device", "用什么设备", _T.MULTI, "呼吸机", "制氧机", "血液透析", "吸痰器", "其他"
            ),
            _ask("hours", "设备一天用几小时", _T.NUMBER, help="0 到 24"),
            _ask("backup", "停电时靠什么", _T.CHOICE, "电池", "发电机", "氧气瓶", "什么也没有"),
            _ask("backup_minutes", "后备能撑多少分钟", _T.NUMBER, required=False),
            _ask("hospital", "停电时去哪家医院、谁送", _T.TEXT),
            _SUPPLY,
            _CONTACT_RIGHT,
            _NOTICE_WAY,
            _WISHES,
        ),
    ),
    _F.SMALL_BUSINESS: (
        "小微企业走访表",
        (
            _ask("open_hours", "营业时间", _T.TEXT, required=False),
            _SUPPLY,
            _ask("busy_loads", "主要用电设备", _T.TEXT, required=False),
            _ask("month_cost_yuan", "每月电费大约多少元", _T.NUMBER, required=False, money=True),
            _ask("wants_more", "近期要增容或新装", _T.YES_NO),
            _ask("knows_prices", "清楚电价和交费办法", _T.YES_NO),
            _LEAK_SWITCH,
            _WISHES,
        ),
    ),
    _F.IMPORTANT: (
        "重要客户走访表",
        (
            _ask("duty_phone_right", "值班电话打得通", _T.YES_NO),
            _ask("second_supply", "第二电源或发电机能用", _T.YES_NO),
            _ask("last_switch_test", "最近一次切换试验", _T.TEXT, required=False, help="哪一天"),
            _ask("fuel_hours", "油料能用几小时", _T.NUMBER, required=False),
            _SUPPLY,
            _ask("hidden_dangers", "配电室有隐患", _T.YES_NO),
            _ask("room_photo", "配电室照片", _T.PHOTO, required=False),
            _WISHES,
        ),
    ),
    _F.GOVERNMENT: (
        "机关单位走访表",
        (
            _ask("contact_person", "对接人和职务", _T.TEXT),
            _SUPPLY,
            _ask("coming_events", "近期保电的会议或活动", _T.TEXT, required=False),
            _ask("month_cost_yuan", "每月电费大约多少元", _T.NUMBER, required=False, money=True),
            _ask("handed_matters", "有政府网格转来的事要办", _T.YES_NO),
            _WISHES,
        ),
    ),
}

#: What is handed over at the door.
LEAFLETS = {
    Leaflet.SAFETY: "安全用电小常识",
    Leaflet.LEAK_SWITCH: "漏电保护器怎么试",
    Leaflet.WECHAT: "微信交费和报修怎么用",
    Leaflet.PREPAY: "智能电管家:余额提醒和预存",
    Leaflet.PRICES: "电价和阶梯说明",
    Leaflet.OUTAGE: "停电了怎么办",
    Leaflet.CONTACT_CARD: "网格服务联系卡",
    Leaflet.FISHING: "电力线下不钓鱼",
    Leaflet.CARBON_MONOXIDE: "冬季取暖防中毒",
    Leaflet.NEW_CONNECTION: "新装增容怎么办",
}
