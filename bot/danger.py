"""Words of danger: a fallen line, a shock, fire, smoke. They come before everything else.

`is_dangerous` reads a customer's sentence the way it is typed in a hurry: dialect, wrong
characters of the same sound, spaces or points between characters, emoji. It rather warns once too
often: a false alarm costs a phone call. Its recall on villagers' sentences is measured by
`tests/bot/test_danger.py`, which also says what was measured on sentences it had never seen.
"""

import re
import unicodedata

#: Longer texts are read up to here; the platform allows about 680 characters.
READ_CHARS = 2000

_TRADITIONAL = str.maketrans("電線斷觸變壓器著煙燒漏掉桿樹燈櫃", "电线断触变压器着烟烧漏掉杆树灯柜")

#: Nothing but Chinese characters, Latin letters, digits and three emoji is read.
_NOISE = re.compile("[^一-鿿㐀-䶿a-z0-9⚡🔥💥]")

#: Characters typed for others of the same sound, and dialect particles inside a word.
_MISTYPED = tuple(
    (re.compile(pattern), word)
    for pattern, word in (
        (r"[触怵楚][电店垫]|(?<![到别各何某此远])处[电店](?![费压话线表])", "触电"),
        (r"触[了哒咯]电", "触电"),
        (r"[冒帽昌胃貌茂][烟燕咽炎焉]", "冒烟"),
        (r"冒[了哒着起出黑青白浓大]+烟", "冒烟"),
        (r"[着找招灼桌][火伙或](?!计|锅)", "着火"),
        (r"着[了哒咯大]+火", "着火"),
        (r"起[了哒伙]火?(?<=火|伙)", "起火"),
        (r"[漏露陋][电店]", "漏电"),
        (r"落[现限]", "落线"),
        (r"电线?[干竿感](?=.{0,4}[倒歪断垮斜])", "电杆"),
        (r"变压[气汽其]", "变压器"),
    )
)

#: The protective switch that trips in every kitchen: its name holds 漏电 and means no danger.
_PROTECTOR = re.compile("漏电?保护(?:器|开关)?|漏电开关|漏保")

#: Everyday phrases that hold a dangerous character; taken out before looking.
_HARMLESS = re.compile(
    "接触不良|触屏|触摸屏"
    "|火锅|火车|火爆|火大|火气|打火机|烤火|煤气灶|打不燃火?|打不着火?|消防|放电影|烟花|烟草|烤烟|油烟机?|香烟|抽烟"
    "|烧水|烧饭|烧菜|烧烤|烧火|烧柴|烧香|发烧"
    "|着急|急死|热死|气死|冻死|闷死|麻烦|芝麻|麻将"
    "|(?:网络?|宽带|电话|微信|电视|手机|游戏)(?:老是|经常|总是?)?断线|电话线|网线|宽带线?|光纤|掉线|上线|下线|在线|热线|占线|专线|无线|路线|天线"
    "|烧坏.{0,8}赔|下面能不能|下面可不可以|没有?(?:冒烟|着火|起火|漏电|触电|打火|火花)"
    "|倒闸|倒账|带电脑|带电话|带电视|带电动|带电瓶|带电作业|安全用电"
)

_LINE = "(?:电线|高压线|电缆|导线|[户零火拉埋灯]线|断线|线头|线路|裸线|线皮|线)"
_WIRE = "(?:电线|高压线?|电缆|导线|[户零拉埋灯]线|(?<!零线)火线|断线|线头|裸线|铁丝网)"
_LINE_HARM = (
    "(?:[掉落垮垂吊挨搭撞砸裸铜扯拖甩荡晃烧燃滋闪炸爆糊焦淹泡冒响烟跳缠踩]|断(?!电|送|网)|浸|塌|压(?!不|低|力|高)"
    "|挂|碰|打架|破|露|没得?皮|皮都?没|皮没|脱[皮落]|松[了脱]|火(?!线)|打火|打雷|放电|走火|棍|绷)"
)
_POLE = "(?:电线?杆子?|[泥木灯线]杆子?|杆子|(?<!充)电桩|铁塔|电塔|横担|瓷瓶)"
_POLE_HARM = "(?:[倒歪垮斜撞裂掉冲炸爆燃烧烟响爬晃砸摔]|断(?!电)|埋了|空了|松动|火)"
_DEVICE = (
    "(?:变压器|变电器|变台|电表|表箱|电箱|配电[箱房柜室]?|开关|空开|闸刀?|插座|插头|插板|插排|充电器?|保险"
    "|灯头|电瓶车?|电动车|热水器|水泵|保护器|电器|电机|电闸|电井|电沟|电热毯|电炉|电视|冰箱|空调|电路)"
)
_DEVICE_HARM = (
    "(?:[炸爆燃淹泡浸塌喷糊融熔烟滋撞轰臭焦]|烧(?!水|饭|菜)|进水|漏油|火|冒|着了|短路|电了|通红|发红|发黑|烧黑|烫手|好烫|变形|化了|冲"
    "|放电|吓人|放炮|蓝光|味道|倒了|歪|垮|掉(?:下|了|地|在))"
)
_SURFACE = (
    "(?:水龙头|龙头|水管|水(?!泵|电)|地上|地面|地下|田里|墙|铁|门(?!口)|栏杆|外壳|壳子|冰箱|洗衣机|热水器"
    "|浴室|厕所|瓷砖|盆|床|梯|窗|灶|棚|杆|塔|网|线|树|车|房子|栏|圈|家里|到处|手|脚)"
)

#: Who names the line, the pole or the transformer, and asks nothing of the office, means harm.
_NETWORK = re.compile(f"{_WIRE}|{_POLE}|变压器|变电器|变台|配电[房室]|接头|线头")
_OFFICE = re.compile(
    "移|换|改|整理|砍|修剪|编号|几号|号|归|谁|赔|钱|多少|申请|装|买|多粗|细|多长|建房|在哪|哪里|哪年|哪根|占|挡"
    "|广告|鸟窝|声音|容量|够|增容|检修|临时|费|价|架好|能不能|可不可以|什么时候|几时|吗|怎么办理|手续|乱拉|不好看"
    "|表箱打不开|旁边|停电"
)

_SIGNS = tuple(
    re.compile(pattern)
    for pattern in (
        # said outright
        "触电|落线|漏电|麻电|走电|电弧|电火|火花|火星|火光|冒火|着火|起火|失火|救火|火灾|明火|冒烟|黑烟|浓烟|烟子",
        "爆炸|炸了|炸开|烧焦|焦[糊臭]|糊味|焦味|糊臭|烧[糊化断燃]|烧起来|烧着|燃起来|燃了",
        "打火(?!灶)|滋滋|噼里?啪|蓝火|放电|线断|断线",
        # a shock
        "(?:被|遭|挨|受|让|叫)(?:了|到)?电(?![话费力工网信表视脑价梯])",
        "(?<![停没得的冇无来充断送缺用发有换])电(?:死|击|晕|伤|倒|麻|翻)(?!价|量|费)",
        "(?<![停没得的冇无来充断送缺用发有换])电[打到](?:人|了|死|倒|手|脚|哒|我|他|她|娃|老|牛|猪)",
        "(?:我|他|她|人|娃|妈|爹|爸|爷|奶|孩子?|手|脚)[被遭]?.{0,4}(?<![停没得的冇无来充断送缺用发有换])电了(?!话|费)|电把.{0,6}[打麻击]|[被遭挨]电(?![话费力工网信表视脑价梯])|麻(?:手|人|脚|得|到)",
        "[摸碰踩挨]到?.{0,8}(?:麻|[被遭]|打到|弹开|电线|插座里)",
        "(?:人|娃|老汉|老人|爹|妈|儿子).{0,6}(?:没得?反应|叫不醒|昏|晕|倒地|不省|不动了|没气)",
        f"{_SURFACE}.{{0,6}}(?<!没)(?<!没得)有电(?![吗没不了费视梯话动])|{_SURFACE}.{{0,6}}(?:带电|都?是电)",
        f"{_SURFACE}.{{0,4}}麻",
        # lines, poles, devices
        f"(?:电|高压|户|断|零|根|条|拉|把|杆|[掉落垮吊]).{{0,3}}{_LINE}.{{0,8}}{_LINE_HARM}",
        f"{_LINE}.{{0,4}}(?:掉|落|垮|垂|拖|露|扯|松|脱|跳)(?:了|下|在|到|地|哒|来|得|出|断|河|水|沟|田|火)",
        f"{_WIRE}.{{0,8}}{_LINE_HARM}|线路.{{0,4}}(?:烧|燃|短路|打火|冒|炸|断了|垮|掉|响)",
        "走火|跳火|耷拉|碰线|会摸到|摸得到|够得到|快断电|赶紧停电|马上(?:停电|断电|拉闸)",
        f"(?:[压搭挂挨碰撞砸挖断剪咬掉落吊垂甩摸刮钩缠扯打踩淹烧]).{{0,6}}{_WIRE}|线(?!路)[^压]{{0,4}}[低矮]",
        f"{_POLE}.{{0,8}}{_POLE_HARM}|[撞冲埋压刮吹垮砸掉摔爬下].{{0,5}}{_POLE}",
        "爬.{0,6}(?:杆|变压器|塔)|(?:变压器|塔).{0,6}爬|电.{0,8}摔|摔.{0,6}电",
        f"{_DEVICE}.{{0,8}}{_DEVICE_HARM}|[淹砸撞泡烧冲爬].{{0,5}}(?:变压器|插座|电?表箱?|电箱|配电|线路|闸|开关)",
        "(?:全是|好大|好多|满屋|有股?|一股).{0,4}(?:烟|胶皮|塑料味)|短路.{0,4}(?:火|闪|炸|烧)|喷油|泄漏",
        # emoji
        "⚡+🔥|🔥+⚡|💥",
        "(?:电|线|变压器|表|杆|闸|插).{0,8}🔥|🔥.{0,8}(?:电|线|变压器|表|杆|闸|插)",
    )
)


def plain(text: str) -> str:
    """The sentence as the signs see it: half width, simplified, no noise, typos mended."""
    flat = unicodedata.normalize("NFKC", text[:READ_CHARS]).lower().translate(_TRADITIONAL)
    flat = _NOISE.sub("", flat)
    for mistyped, word in _MISTYPED:
        flat = mistyped.sub(word, flat)
    flat = _PROTECTOR.sub("保护器", flat)
    return _HARMLESS.sub("、", flat)


def is_dangerous(text: str) -> bool:
    """Whether somebody may be hurt: true also when in doubt."""
    flat = plain(text)
    if any(sign.search(flat) for sign in _SIGNS):
        return True
    return _NETWORK.search(flat) is not None and _OFFICE.search(flat) is None
