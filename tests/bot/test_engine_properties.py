"""The engine answers whatever is stored and whatever is said (wechat goals: dialogs, text)."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import words
from bot.conversation.engine import advance
from bot.conversation.types import (
    RUNNING,
    AccountChoice,
    Conversation,
    Followed,
    Left,
    Located,
    Outcome,
    Picked,
    Reply,
    Said,
    SentMedia,
    Suspended,
    Tapped,
    TicketLine,
)
from bot.conversation.vocabulary import CHAT_WORDS, GLOBAL_WORDS, MENU_KEYS, TAPS
from bot.flows.registry import FLOWS
from bot.replies import TEXT_LIMIT_BYTES
from grid.geography.types import Datum, RawPlace

from .talk import START

PLACES = st.builds(
    RawPlace,
    st.floats(-90, 90, allow_nan=False),
    st.floats(-180, 180, allow_nan=False),
    st.sampled_from(Datum),
)
KNOWN_WORDS = st.sampled_from(
    [
        *GLOBAL_WORDS,
        *CHAT_WORDS,
        "1",
        "2",
        "９",
        "五",
        "13800000000",
        "4228280001",
        "张三",
        "触电了",
        "家里没电了",
        "满意",
        "来电了",
        "没来电",
        "容美镇屏山村三组",
    ]
)
TEXTS = KNOWN_WORDS | st.text(max_size=60) | st.text(min_size=300, max_size=900)
INPUTS = (
    st.builds(Said, TEXTS)
    | st.builds(Picked, st.sampled_from([*TAPS, "999"]), TEXTS)
    | st.builds(Located, PLACES, TEXTS)
    | st.builds(Tapped, st.sampled_from([*MENU_KEYS, "GONE"]) | st.text(max_size=20))
    | st.builds(SentMedia, st.sampled_from(["voice", "image", "video", "link", "hologram"]))
    | st.just(Followed())
    | st.just(Left())
)
CODES = st.sampled_from(
    [
        "found",
        "bound",
        "reported",
        "paged",
        "rated",
        "confirmed",
        "nothing_to_rate",
        "nothing_to_confirm",
        "binding_refused",
        "too_many_tries",
        "failed",
        "不认识",
    ]
)
OUTCOMES = st.builds(
    Outcome,
    code=CODES,
    accounts=st.lists(
        st.builds(AccountChoice, account_no=st.just("4228280001"), address=st.text(max_size=200)),
        max_size=12,
    ).map(tuple),
    tickets=st.lists(
        st.builds(
            TicketLine,
            number=st.text(max_size=24),
            state=st.sampled_from([*words.STATES, "?"]),
            reported_at=st.just(START),
            who=st.none() | st.text(max_size=60),
            who_phone=st.none() | st.text(max_size=30),
        ),
        max_size=6,
    ).map(tuple),
    number=st.none() | st.text(min_size=1, max_size=24),
)
STEPS = [*{step for flow in FLOWS.values() for step in flow.steps}, RUNNING, "gone", ""]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)
SLOTS = st.dictionaries(
    st.sampled_from(
        [
            "account_no",
            "name",
            "meter_no",
            "description",
            "accounts",
            "phone",
            "address",
            "place",
            "number",
            "stars",
            "is_back",
            "?",
        ]
    ),
    JSON,
)
DEADLINES = st.integers(-60, 60).map(lambda minutes: START + timedelta(minutes=minutes))
SUSPENDED = st.builds(
    Suspended,
    flow=st.sampled_from([*FLOWS, "gone"]),
    flow_version=st.integers(0, 3),
    step=st.sampled_from(STEPS),
    slots=SLOTS,
    deadline=DEADLINES,
)
STORED = st.builds(
    Conversation,
    flow=st.none() | st.sampled_from([*FLOWS, "gone"]),
    flow_version=st.integers(0, 3),
    step=st.none() | st.sampled_from(STEPS),
    slots=SLOTS,
    misses=st.integers(0, 5),
    deadline=st.none() | DEADLINES,
    suspended=st.none() | SUSPENDED,
)


def run(state: Conversation, event, outcomes) -> tuple[Conversation, list[str]]:
    """All turns of one message; the state after them and everything said."""
    turn = advance(state, event, START)
    said = list(turn.replies)
    for outcome in outcomes:
        if turn.command is None:
            break
        turn = advance(turn.state, outcome, START)
        said += turn.replies
    assert turn.command is None
    return turn.state, said


FOUR_OUTCOMES = st.lists(OUTCOMES, min_size=4, max_size=4)


@given(STORED, st.lists(st.tuples(INPUTS, FOUR_OUTCOMES), min_size=1, max_size=6))
@settings(max_examples=100, deadline=None)
def test_whatever_is_stored_and_said_there_is_an_answer(state, script) -> None:
    for event, outcomes in script:
        state, said = run(state, event, outcomes)
        assert said or isinstance(event, Left)
        assert all(text.strip() for text in said)
        assert len("\n\n".join(said).encode()) <= TEXT_LIMIT_BYTES
        assert state.step != RUNNING
        stored = msgspec.json.encode(state)
        assert msgspec.json.encode(msgspec.json.decode(stored, type=Conversation)) == stored


@given(STORED, FOUR_OUTCOMES, st.sampled_from(["触电了", "变压器冒烟", "落 线"]))
@settings(max_examples=40, deadline=None)
def test_danger_words_come_first_in_every_state(state, outcomes, text) -> None:
    turn = advance(state, Said(text), START)
    assert Reply(words.SAFETY) in turn.effects
    assert type(turn.command).__name__ == "PageDispatcher"
    _, said = run(state, Said(text), outcomes)
    assert words.SAFETY in said


@given(STORED, FOUR_OUTCOMES)
@settings(max_examples=40, deadline=None)
def test_global_words_work_in_every_state(state, outcomes) -> None:
    for text, expected in (
        ("菜单", words.MENU),
        ("０", words.MENU),
        ("帮助", words.HELP),
        ("人工", words.HUMAN),
        ("退出", words.QUIT),
        ("余额", words.BALANCE),
    ):
        _, said = run(state, Said(text), outcomes)
        assert expected in said


@pytest.mark.parametrize(
    ("flow", "step"), [(flow.name, step) for flow in FLOWS.values() for step in flow.steps]
)
def test_every_step_answers_the_global_words(flow: str, step: str) -> None:
    state = Conversation(
        flow=flow,
        flow_version=FLOWS[flow].version,
        step=step,
        slots={},
        deadline=START + timedelta(minutes=5),
    )
    question = FLOWS[flow].steps[step].ask(FLOWS[flow].slots())
    assert advance(state, Said("帮助"), START).replies == (words.HELP, question)
    assert advance(state, Said("人工"), START).replies == (words.HUMAN, question)
    cancelled = advance(state, Said("取消"), START)
    assert cancelled.state.flow is None
    assert cancelled.replies == (words.cancelled(FLOWS[flow].title),)
    back = advance(state, Said("返回"), START)
    assert back.state.step == FLOWS[flow].steps[step].back
    assert back.replies


@given(STORED, INPUTS, FOUR_OUTCOMES)
@settings(max_examples=40, deadline=None)
def test_it_is_pure(state, event, outcomes) -> None:
    assert run(state, event, outcomes) == run(state, event, outcomes)
