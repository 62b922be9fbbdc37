"""Every sentence the bot says, and nothing else: what happened, what to do, whom to call.

Written for people who read slowly and type with one finger. No sentence of the bot stands anywhere
else (a test looks), none is longer than LONGEST_CHARS, and none repeats what a customer typed.
Times are shown in Shanghai time.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.matter_words import MATTER_STATES

LONGEST_CHARS = 600

_SHANGHAI = ZoneInfo("Asia/Shanghai")

# --- danger --------------------------------------------------------------------------------------

SAFETY = (
    "【危险，请先看这里】\n"
    "1. 马上离开，离掉落的电线、冒烟着火的地方至少 8 米远，看住小孩和牲口。\n"
    "2. 不要碰电线、电杆，也不要直接用手拉触电的人。\n"
    "3. 能安全拉总闸就拉，拉不到不要冒险。电着火不要用水泼。\n"
    "4. 马上打电话：电力抢修 95598；有人受伤打 120；着火打 119。"
)
DANGER_TITLE = "补充危险地点"
DANGER_WHERE = (
    "请告诉我们在哪里：发一个“位置”（点右下角 + 号，选“位置”），"
    "或者写清楚村、组和旁边的房子。打电话更快：95598。"
)
DANGER_WHERE_MISSED = "请发一个“位置”，或者写清楚村、组和旁边的房子。"
DANGER_PLACE_TOLD = "您写的已经转给值班调度员。请离远一点，等抢修人员来。有人受伤先打 120。"
DANGER_ALREADY_PAGED = "您说的情况值班调度员已经知道了。情况变了请直接打 95598。"
#: What the dispatcher reads when nothing but signs of danger was typed.
DANGER_UNTOLD = "客户发来危险信号，没有写明情况"
DANGER_NOT_PAGED = "系统这会儿没能通知到值班调度员，请您马上打 95598 说明地点。"


def danger_paged(number: str) -> str:
    """The dispatcher has it, under a ticket number."""
    return f"您说的情况已经转给值班调度员，单号 {number}。"


# --- everywhere ----------------------------------------------------------------------------------

WELCOME = (
    "您好，这里是供电公司网格服务。\n"
    "家里没电就回复“没电了”；遇到电线掉落、触电、冒烟着火，直接写出来，也可以马上打 95598。"
)
MENU = (
    "您可以回复：\n"
    "1 报修（没电、电压不稳）\n"
    "2 进度（看报修到哪一步）\n"
    "3 绑定户号\n"
    "4 余额和缴费\n"
    "5 网格员是谁\n"
    "6 帮助\n"
    "急事请打 95598，24 小时有人接。"
)
THANKS = "不客气。有事随时写给我们，急事请打 95598。"
HELP = (
    "怎么用：回复“报修”报停电，“进度”看到哪一步，“催办”催一催，“绑定”绑定户号。\n"
    "有话要说：回复“投诉”“举报”“建议”或者“表扬”。\n"
    "办到一半时：回复“返回”退一步，“取消”不办了，“菜单”看全部，“人工”找人。\n"
    "电线掉落、触电、冒烟着火：直接写出来，并马上打 95598。"
)
HUMAN = "需要找人，请打 95598，24 小时有人接；也可以到供电所，或者找本村的网格员。"
NOT_UNDERSTOOD = "对不起，没看懂您的意思。"
THREE_MISSES = "对不起，几次都没看懂，先停在这里。您可以打 95598 找人帮您办，或者从下面选一个。"
NOTHING_TO_CANCEL = "现在没有正在办的事。"
NOTHING_TO_CONTINUE = "没有办到一半的事。"
QUIT = "好的，已经退出。需要时再写给我们；急事请打 95598。"
SORRY_UPDATED = "对不起，系统刚更新过，您之前填的还在，请再确认一下。"
SORRY_LOST = "对不起，系统刚更新过，之前办的那件事要重新开始。"
FAILED = "对不起，系统这会儿没办成，什么都没有改动。请过几分钟再试，急事请打 95598。"
UNSURE = (
    "对不起，系统这会儿出了点问题，不能确定办成没有。请过几分钟回复“进度”看看，或者再发一次。"
    "急事请打 95598。"
)
BUSY = "您发得太快了，请歇一分钟再发。急事请打 95598；有危险请先离远，再打 95598。"
MEDIA = {
    "voice": "对不起，还听不了语音，请打字告诉我们。急事请打 95598。",
    "image": "对不起，还看不了照片，请打字说说情况，或者发一个“位置”。",
    "video": "对不起，还看不了视频，请打字说说情况，或者发一个“位置”。",
    "link": "对不起，我们不打开链接，请打字说说情况。",
    "far_place": "这个位置不在我们服务的地方，请重新选一下，或者写清楚村、组和门牌。",
}
MEDIA_UNKNOWN = "对不起，这个看不了，请打字告诉我们。"
PLACE_NOT_WANTED = "位置收到了，但这一步请用文字或数字回答。"


def lapsed(title: str) -> str:
    """The flow waited too long."""
    return f"刚才的“{title}”放得太久，已经停下，要办请重新开始。"


def cancelled(title: str) -> str:
    return f"好的，“{title}”不办了。"


def offer_to_resume(title: str) -> str:
    """A flow was interrupted and waits."""
    return f"您的“{title}”还没办完：回复“继续”接着办，回复“取消”不办了。"


# --- what comes in later versions, answered honestly ---------------------------------------------

BALANCE = "这里暂时还不能查余额。请打 95598 报户号查询，或者问本村的网格员、到供电所窗口查。"
USAGE = "这里暂时还不能查用电量。可以看电能表上的数字，或者打 95598 报户号查询。"
PAY = "这里暂时还不能缴费。请用您平时的缴费方式，或者到供电所窗口交；交了没来电请回复“报修”。"
CONNECT = "办新装、增容、过户，请带身份证和房产证明到供电所窗口，或者打 95598 预约。"
PLANNED = "计划停电的时间，请看村里的通知，或者打 95598 问。现在就没电的话，请回复“报修”。"

# --- 绑定 ----------------------------------------------------------------------------------------

BIND_TITLE = "绑定户号"
ASK_ACCOUNT_NO = "请回复户号（一串数字，电费单或缴费短信上有）。"
ACCOUNT_NO_WRONG = "户号只有数字，4 到 20 位，请再看一下。"
ASK_NAME = "请回复户主的姓名，要和电费单上一样。"
NAME_WRONG = "请只写户主的姓名，最多 30 个字。"
ASK_METER_NO = "请回复电能表的表号（表上条形码下面那串字）。"
METER_NO_WRONG = "表号只有数字和字母，4 到 20 位，请再看一下。"
BOUND = "绑定好了。以后没电，直接回复“没电了”就行。"
ALREADY_BOUND = "这个户号您已经绑定过了，不用再绑。没电了直接回复“没电了”就行。"
BIND_REFUSED = (
    "没有绑定成功：户号、姓名、表号对不上，或者这个户号现在不能在这里绑定。"
    "请对照电费单和电表，回复“绑定”再试；也可以打 95598 或到供电所办。"
)
BIND_TOO_MANY = "试的次数太多了，请过一阵再试；也可以打 95598 或到供电所办。"
BIND_TOO_MANY_ACCOUNTS = "您绑定的户号已经够多了，请先回复“解绑”去掉不用的。"
BIND_CONFIRM = "之前填的户号、姓名和表号都还在。回复 1 就用这些绑定，回复 2 重新填。"
CHOOSE_1_OR_2 = "请回复 1 或 2。"

# --- 解绑, 网格 ---------------------------------------------------------------------------------

UNBIND_TITLE = "解绑户号"
NOT_BOUND = "您还没有绑定户号。要绑定请回复“绑定”。"
UNBOUND = "解绑好了。以后要用，再回复“绑定”就行。"

GRID_TITLE = "查网格员"
GRID_UNKNOWN = (
    "要先绑定户号，才知道您是哪个网格：请回复“绑定”。也可以看电表箱上的服务卡，或者打 95598 问。"
)


def ask_which_to_unbind(addresses: Sequence[str]) -> str:
    """Which bound account is to be let go?"""
    lines = [f"{n} {address[:40]}" for n, address in enumerate(addresses, start=1)]
    return "要解绑哪一个？回复前面的数字，不解了回复“取消”：\n" + "\n".join(lines)


def who_serves(name: str, phone: str, grid_name: str) -> str:
    return (
        f"管您这里的是{grid_name[:30]}的网格员{name[:20]}，电话 {phone[:20]}。急事也可以打 95598。"
    )


# --- 报修 ----------------------------------------------------------------------------------------

FAULT_TITLE = "报修"
ASK_WHAT = (
    "哪里不对？回复数字，或者直接写：\n"
    "1 家里没电\n2 附近一片都没电\n3 电压不稳、灯忽明忽暗\n4 跳闸合不上\n"
    "也可以先发一个“位置”。"
)
WHAT_WRONG = "请写几个字说说情况，或者回复 1 到 4。"
WHAT_CHOICES = ("家里没电", "附近一片没电", "电压不稳", "跳闸合不上")
LOCATION_KEPT = "位置记下了。"
CHOOSE_ACCOUNT = "请回复前面的数字。"
ASK_PHONE = "请留一个电话，师傅好找您。"
PHONE_WRONG = "没看到电话号码。请写 11 位手机号，或者带区号的座机。"
ASK_ADDRESS = "在哪里？发一个“位置”（点右下角 + 号，选“位置”），或者写清楚村、组和门牌。"
ADDRESS_WRONG = "请写清楚村、组和门牌（最少 4 个字），或者发一个“位置”。"
FAULT_CONFIRM = "之前填的都还在。回复 1 就这样报修，回复 2 重新填。"
FAULT_NOT_FILED = "对不起，没能登记上。请马上打 95598 报修，或者过几分钟再回复“报修”。"
FAULT_TOO_MANY = "您报修的次数太多了，我们已经记着前面的单。请回复“进度”看，或者打 95598。"
FAULT_NOT_YOURS = "这个户号现在不在您名下，请回复“报修”重新选，或者打 95598。"


def ask_which_account(addresses: Sequence[str]) -> str:
    """Which bound account has no power? The last number is always "somewhere else"."""
    lines = [f"{n} {address[:40]}" for n, address in enumerate(addresses, start=1)]
    lines.append(f"{len(addresses) + 1} 不是这里，是别处")
    return "哪里没电？回复数字，别处也可以直接发“位置”：\n" + "\n".join(lines)


def fault_filed(number: str) -> str:
    """The fault is registered and somebody is being sent."""
    return (
        f"登记好了，单号 {number}。我们正在派人，有人接单会告诉您。\n"
        "回复“进度”随时看。看到电线掉落、冒烟着火，请离远并打 95598。"
    )


# --- 进度 ----------------------------------------------------------------------------------------

PROGRESS_TITLE = "进度"
NO_TICKETS = "没有查到您在这里报的单。打电话报的，请打 95598 问。要报修请回复“报修”。"
STATES = {
    "waiting": "正在派人",
    "assigned": "已派人，等他接单",
    "accepted": "已接单",
    "en_route": "已出发",
    "on_site": "已到现场",
    "in_progress": "正在修",
    "on_hold": "先停一下，还会接着修",
    "completed": "已修好，等您确认来电",
    "cannot_complete": "这次没修好，会再安排",
    "closed": "已办完",
    "cancelled": "已取消",
    "outage": "您那里停电，正在处理，来电会问您",
}


def progress(lines: Sequence[str]) -> str:
    return "您报的单：\n" + "\n".join(lines) + "\n着急请打 95598。"


def progress_line(number: str, state: str, at: datetime, who: str | None, phone: str | None) -> str:
    """One ticket: number, when it was told, how far it is, who comes."""
    told = at.astimezone(_SHANGHAI).strftime("%m-%d %H:%M")
    person = "" if who is None else f"，{who[:20]}" + ("" if phone is None else f" {phone[:20]}")
    return f"{number}（{told} 报）：{(STATES | MATTER_STATES).get(state, '办理中')}{person}"


# --- 来电了吗, 评价 -------------------------------------------------------------------------------

RESTORED_TITLE = "确认来电"
ASK_RESTORED = "师傅说修好了。您家来电了吗？回复 1 来电了，回复 2 还没有。"
RESTORED_THANKS = "好的，来电就好。"
STILL_OUT = "对不起，还没修好。我们马上让人再来，请别动电表和电线。着急请打 95598。"
NOTHING_REPAIRED = "没有查到刚修好的单。"

RATE_TITLE = "评价"
ASK_STARS = "请给这次服务打个分，回复一个数字：5 满意，3 一般，1 不满意。"
STARS_WRONG = "请回复 1 到 5 的数字，5 最好。"
RATED_WELL = "谢谢您的评价！"
RATED_BADLY = "谢谢您说实话，我们会让别的同事来跟进。"
ASK_RATING_WORDS = "哪里没做好？直接写给我们，不想说就回复“不说了”。"
RATING_WORDS_KEPT = "记下了，会有专人看，需要时打电话给您。"
RATING_LEFT = "好的，不评也行。有事随时写给我们。"
RATING_NO_WORDS = "好的，我们会改。有事随时写给我们。"
NOTHING_TO_RATE = "没有等您评价的单，或者已经评过了。谢谢您！"
RATE_CHOICES = (("105", "满意"), ("103", "一般"), ("101", "不满意"))
RESTORED_CHOICES = (("201", "来电了"), ("202", "还没来电"))
MENU_TAIL = "点一下就行，也可以回复文字。"

# --- what is sent when something happens ---------------------------------------------------------

ARRIVED = "师傅已经到现场了。"


def when(at: datetime) -> str:
    """`11月22日 18:30`, in Shanghai."""
    there = at.astimezone(_SHANGHAI)
    return f"{there.month}月{there.day}日 {there:%H:%M}"


def accepted(
    number: str,
    who: str | None,
    phone: str | None,
    by: datetime | None = None,
    code: str | None = None,
) -> str:
    """Somebody took the job; `by` is when they are there at the latest, where that is promised.

    `code`: what the customer tells whoever comes, and nobody before.
    """
    person = "师傅" if who is None else f"{who[:20]}师傅"
    call = "" if phone is None else f"，电话 {phone[:20]}"
    soon = "会尽快赶到" if by is None else f"最迟 {when(by)} 到"
    told = "" if code is None else f"师傅到了以后，请把到场码 {code} 告诉他。"
    return f"您报的单 {number} 已有人接：{person}{call}，{soon}。{told}"


def arrived(number: str) -> str:
    return f"您报的单 {number}：{ARRIVED}"


def ask_rating(number: str) -> str:
    return f"您报的单 {number} 办完了。请给这次服务打个分。"


def ticket_cancelled(number: str) -> str:
    return f"您报的单 {number} 已取消。还没电请回复“报修”，急事请打 95598。"


def not_solved(number: str) -> str:
    return f"您报的单 {number} 这次没能修好，供电所会再安排人来。急事请打 95598。"


def repaired(number: str) -> str:
    return f"您报的单 {number} 修好了。您家来电了吗？"


def arrive_by(number: str, at: datetime) -> str:
    """The time of arrival changed."""
    return f"您报的单 {number}：师傅改为最迟 {when(at)} 到，让您久等了。急事请打 95598。"


def answer_by(number: str, at: datetime) -> str:
    """By when a matter is answered."""
    there = at.astimezone(_SHANGHAI)
    if there.time() == time():
        # Limits in working days end with a day; nobody says "before 00:00" of it.
        last = there - timedelta(days=1)
        return f"您的单 {number} 我们最迟 {last.month}月{last.day}日当天答复您。"
    return f"您的单 {number} 我们最迟 {when(at)} 前答复您。"
