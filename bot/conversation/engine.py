"""The conversation engine: `advance(state, event, now) -> Turn`, pure.

Order of reading: danger words, what has lapsed, words that work everywhere, words that start a
flow or ask for information, then the question that is open. Whatever is stored and whatever is
said, it answers; it never raises.
"""

from datetime import datetime

import msgspec

from bot import words
from bot.conversation.moves import (
    apply,
    begin,
    exact,
    offer,
    question,
    restart,
    resume,
    suspend,
    title_of,
)
from bot.conversation.reading import bare, choice_of, tidy
from bot.conversation.types import (
    Conversation,
    Effect,
    Event,
    Followed,
    Go,
    Input,
    Left,
    Located,
    Miss,
    Outcome,
    Picked,
    Reply,
    Said,
    SentMedia,
    Tapped,
    Turn,
)
from bot.conversation.vocabulary import (
    INFO_WORDS,
    MENU_KEYS,
    MENU_NUMBERS,
    POWER_IS_BACK,
    POWER_IS_OUT,
    TAPS,
    WITH_STORY,
    Global,
    Info,
    Meaning,
    Start,
    hint_of,
    meaning_of,
)
from bot.danger import is_dangerous
from bot.flows.rate import stars_of
from bot.flows.registry import FLOWS
from bot.flows.restored import power_is_back

#: Characters of a dangerous message that are passed on to the dispatcher.
DESCRIPTION_CHARS = 300

#: Flows whose own question is whether the power is back.
_ASKS_POWER = frozenset({"restored", "outage_back"})


def advance(state: Conversation, event: Event, now: datetime) -> Turn:
    """What comes next: the new state, and replies with at most one command behind them.

    Every event but `Left` is answered, at the latest by the turn of the command's outcome.
    """
    if isinstance(event, Outcome):
        return _outcome(state, event, now)
    if isinstance(event, Left):
        return Turn(Conversation(), ())
    state, lapsed_title = _without_lapsed(state, now)
    if isinstance(event, Said | Picked) and is_dangerous(event.text):
        description = tidy(event.text)[:DESCRIPTION_CHARS]
        return begin(state, "danger", {"description": description}, now)
    turn = _answer(state, event, now)
    if lapsed_title is None:
        return turn
    return Turn(turn.state, (Reply(words.lapsed(lapsed_title)), *turn.effects))


def _without_lapsed(state: Conversation, now: datetime) -> tuple[Conversation, str | None]:
    """The state without what waited too long, and the title of the flow that lapsed just now."""
    if state.suspended is not None and state.suspended.deadline < now:
        state = msgspec.structs.replace(state, suspended=None)
    if state.flow is None:
        # Between flows nothing else is kept, whatever a row may hold.
        return Conversation(suspended=state.suspended), None
    if state.deadline is not None and state.deadline >= now:
        return state, None
    return Conversation(suspended=state.suspended), title_of(state.flow)


def _outcome(state: Conversation, outcome: Outcome, now: datetime) -> Turn:
    flow = FLOWS.get(state.flow or "")
    slots = None if flow is None else exact(flow, state.slots)
    if flow is None or slots is None:
        return Turn(Conversation(suspended=state.suspended), (Reply(words.FAILED),))
    return apply(state, flow, flow.outcome(slots, outcome), now)


def _answer(state: Conversation, event: Input, now: datetime) -> Turn:
    if isinstance(event, Followed | Left):
        return Turn(state, (Reply(words.WELCOME), *_open_question(state)))
    if isinstance(event, SentMedia):
        said = words.MEDIA.get(event.kind, words.MEDIA_UNKNOWN)
        return Turn(state, (Reply(said), *_open_question(state)))
    if isinstance(event, Tapped):
        meaning = MENU_KEYS.get(event.key, Global.MENU)
        return _meant(state, meaning, now)
    if isinstance(event, Picked) and event.choice in TAPS:
        # A tap on an earlier question is its answer, whatever is being asked now.
        flow, slots = TAPS[event.choice]
        return begin(state, flow, dict(slots), now)
    if isinstance(event, Said | Picked):
        whole = meaning_of(bare(event.text))
        # "停电" said to a fault report is its description, not a second report.
        if whole is not None and not (isinstance(whole, Start) and whole.value == state.flow):
            return _meant(state, whole, now)
    if state.flow is None:
        return _answer_idle(state, event, now)
    return _answer_step(state, event, now)


def _meant(state: Conversation, meaning: Meaning, now: datetime) -> Turn:
    """A command word: information and help leave the open question open."""
    if isinstance(meaning, Start):
        return begin(state, meaning.value, {}, now)
    if isinstance(meaning, Info):
        return Turn(state, (Reply(INFO_WORDS[meaning]), *_open_question(state)))
    return _global(state, meaning, now)


def _global(state: Conversation, word: Global, now: datetime) -> Turn:
    if word is Global.MENU:
        idle = suspend(state)
        return Turn(idle, (Reply(words.MENU), *offer(idle)))
    if word is Global.HELP:
        return Turn(state, (Reply(words.HELP), *_open_question(state)))
    if word is Global.HUMAN:
        return Turn(state, (Reply(words.HUMAN), *_open_question(state)))
    if word is Global.QUIT:
        return Turn(Conversation(), (Reply(words.QUIT),))
    if word is Global.CANCEL:
        return _cancel(state)
    if word is Global.BACK:
        return _back(state, now)
    return _continue(state, now)


def _cancel(state: Conversation) -> Turn:
    if state.flow is not None:
        idle = Conversation(suspended=state.suspended)
        running = title_of(state.flow) or words.FAULT_TITLE
        return Turn(idle, (Reply(words.cancelled(running)), *offer(idle)))
    title = None if state.suspended is None else title_of(state.suspended.flow)
    said = words.NOTHING_TO_CANCEL if title is None else words.cancelled(title)
    return Turn(Conversation(), (Reply(said), Reply(words.MENU)))


def _back(state: Conversation, now: datetime) -> Turn:
    if state.flow is None:
        return Turn(state, (Reply(words.MENU), *offer(state)))
    flow = FLOWS.get(state.flow)
    slots = None if flow is None else exact(flow, state.slots)
    step = None if flow is None else flow.steps.get(state.step or "")
    if flow is None or slots is None or step is None:
        return restart(state, now)
    if step.back is None:
        return _cancel(state)
    return apply(state, flow, Go(step.back, slots), now)


def _continue(state: Conversation, now: datetime) -> Turn:
    if state.flow is not None:
        asked = question(state)
        return restart(state, now) if asked is None else Turn(state, (Reply(asked),))
    if state.suspended is not None:
        return resume(state.suspended, now)
    return Turn(state, (Reply(words.NOTHING_TO_CONTINUE), Reply(words.MENU)))


def _answer_step(state: Conversation, event: Said | Picked | Located, now: datetime) -> Turn:
    flow = FLOWS.get(state.flow or "")
    if flow is None or flow.version != state.flow_version:
        return restart(state, now)
    step = flow.steps.get(state.step or "")
    slots = exact(flow, state.slots)
    if step is None or slots is None:
        return restart(state, now)
    move = step.take(slots, event)
    if isinstance(move, Miss) and isinstance(event, Located):
        return Turn(state, (Reply(words.PLACE_NOT_WANTED), *_open_question(state)))
    if isinstance(move, Miss) and isinstance(event, Said):
        another = _another_request(state, event, now)
        if another is not None:
            return another
    return apply(state, flow, move, now)


def _another_request(state: Conversation, said: Said, now: datetime) -> Turn | None:
    """A sentence that does not answer the question may be a new request: do not swallow it."""
    short = bare(said.text)
    if state.flow not in _ASKS_POWER and short in POWER_IS_BACK | POWER_IS_OUT:
        # Our question after a repair came while another one stood open.
        return begin(state, "restored", {"is_back": short in POWER_IS_BACK}, now)
    hint = hint_of(short)
    if hint is None or (isinstance(hint, Start) and hint.value == state.flow):
        return None
    return _requested(state, hint, said, now)


def _requested(state: Conversation, hint: Meaning, said: Said | Picked, now: datetime) -> Turn:
    """What a free sentence asks for; a report or a complaint begins with the sentence itself."""
    if isinstance(hint, Start) and hint in WITH_STORY:
        return begin(state, hint.value, {"description": tidy(said.text)}, now)
    return _meant(state, hint, now)


def _answer_idle(state: Conversation, event: Said | Picked | Located, now: datetime) -> Turn:
    """Nothing is open: a place, stars, news of the power, a menu number, or a free sentence."""
    if isinstance(event, Located):
        slots = {
            "place": msgspec.to_builtins(event.place),
            "address": tidy(event.label)[:200] or None,
        }
        return begin(state, "report_fault", slots, now)
    is_back = power_is_back(event)
    if is_back is not None:
        return begin(state, "restored", {"is_back": is_back}, now)
    number = choice_of(event.text)
    if number is not None and number in MENU_NUMBERS:
        return _meant(state, MENU_NUMBERS[number], now)
    stars = None if number is not None else stars_of(event)
    if stars is not None:
        return begin(state, "rate", {"stars": stars}, now)
    hint = hint_of(bare(event.text))
    if hint is not None:
        return _requested(state, hint, event, now)
    return Turn(state, (Reply(words.NOT_UNDERSTOOD), Reply(words.MENU), *offer(state)))


def _open_question(state: Conversation) -> tuple[Effect, ...]:
    """The open question again, or the reminder of a suspended one."""
    asked = question(state)
    return offer(state) if asked is None else (Reply(asked),)
