"""Complaints, tip-offs, opinions and urging as customers tell them; turns are counted."""

import pytest

from bot import matter_words, words
from bot.conversation.types import (
    FileMatter,
    FindAccounts,
    Outcome,
    Said,
    SayRatingWords,
    UrgeLatest,
)
from bot.flows.matters import WHO
from grid.work_orders.words import ComplaintClass

from .talk import HOME, Talk, bound_once


def test_a_complaint_about_service_says_whom_it_is_about_in_four_turns() -> None:
    talk = Talk(bound_once)
    assert talk.say("我要投诉") == matter_words.ASK_CLASS
    assert talk.say("１") == matter_words.ASK_STORY["complaint"]
    assert talk.say("收费员骂人，还不给发票") == matter_words.ASK_WHO
    assert talk.say("1") == matter_words.matter_filed("TS2401010003")
    assert talk.commands == [
        FindAccounts(),
        FileMatter(
            kind="complaint",
            description="收费员骂人,还不给发票",
            complaint_class="service",
            who="served",
            account_no=HOME.account_no,
        ),
    ]
    assert len(WHO) == 3
    assert len(ComplaintClass) == 5


def test_a_sentence_that_complains_is_already_the_story() -> None:
    talk = Talk(bound_once)
    assert talk.say("我要投诉你们停电不通知") == matter_words.ASK_CLASS
    assert talk.say("3") == matter_words.matter_filed("TS2401010003")
    filed = talk.commands[-1]
    assert isinstance(filed, FileMatter)
    assert filed.description == "我要投诉你们停电不通知"


@pytest.mark.parametrize(
    ("word", "asked", "number", "story"),
    [
        ("投诉", matter_words.ASK_CLASS, "2", "收电费的多收了我两次钱"),
        ("举报", matter_words.ASK_SUBJECT, "3", "电工收了我五百块钱不给票"),
    ],
)
def test_a_story_told_too_early_is_not_asked_for_again(
    word: str, asked: str, number: str, story: str
) -> None:
    talk = Talk(bound_once)
    assert talk.say(word) == asked
    assert talk.say(story) == f"{matter_words.STORY_KEPT}\n\n{asked}"
    assert matter_words.ASK_STORY["complaint"] not in (said := talk.say(number))
    assert matter_words.ASK_STORY["tip_off"] not in said
    if word == "举报":
        talk.say("2")
    filed = talk.commands[-1]
    assert isinstance(filed, FileMatter)
    assert filed.description == story


def test_a_fault_told_inside_a_complaint_is_a_fault() -> None:
    talk = Talk(bound_once)
    talk.say("投诉")
    talk.say("现在我们全湾里都没得电了")
    assert talk.state.flow == "report_fault"


@pytest.mark.parametrize("text", ["不投诉了", "我不想投诉了", "算了"])
def test_who_stops_complaining_is_not_asked_what_about(text: str) -> None:
    talk = Talk(bound_once)
    talk.say("投诉")
    assert talk.say(text).startswith(words.cancelled("投诉"))
    assert talk.state.flow is None


def test_who_is_bound_to_nothing_leaves_a_phone() -> None:
    talk = Talk()
    talk.say("意见")
    assert talk.say("路灯整夜亮着") == matter_words.ASK_PHONE_BACK
    assert talk.say("就是不想说") == f"{words.PHONE_WRONG}\n\n{matter_words.ASK_PHONE_BACK}"
    assert talk.say("13800000000") == matter_words.matter_filed("TS2401010003")


@pytest.mark.parametrize(("choice", "anonymous"), [("1", False), ("2", True)])
def test_P1_a_tip_off_asks_neither_account_nor_phone(choice: str, anonymous: bool) -> None:
    talk = Talk(bound_once)
    assert talk.say("举报") == matter_words.ASK_SUBJECT
    assert talk.say("1") == matter_words.ASK_STORY["tip_off"]
    assert talk.say("村东头夜里有人搭线偷电") == matter_words.ASK_ANONYMOUS
    assert talk.say(choice) == matter_words.tip_off_filed("TS2401010003", anonymous)
    (command,) = talk.commands
    assert isinstance(command, FileMatter)
    assert (command.account_no, command.phone, command.anonymous) == (None, None, anonymous)
    assert command.subject == "theft"
    assert talk.state.slots == {}, "the talk keeps nothing of it"


def test_refusals_are_said_in_words() -> None:
    for code, sentence in (
        ("too_many", matter_words.MATTER_TOO_MANY),
        ("invalid", matter_words.MATTER_NOT_FILED),
    ):
        talk = Talk(
            lambda command, code=code: (
                Outcome(code="found", accounts=(HOME,))
                if isinstance(command, FindAccounts)
                else Outcome(code=code)
            )
        )
        talk.say("建议")
        assert talk.say("多装一个变压器") == sentence


@pytest.mark.parametrize("text", ["催办", "催一下", "师傅，帮我催催"])
def test_urging_takes_one_turn_and_says_how_often(text: str) -> None:
    talk = Talk(bound_once)
    reply = talk.say(text)
    assert talk.commands == [UrgeLatest()]
    assert "第 2 次" in reply
    assert "TS2401010003" in reply


def test_nothing_to_urge_says_what_to_do() -> None:
    assert (
        Talk(lambda _: Outcome(code="nothing_to_urge")).say("催办") == matter_words.NOTHING_TO_URGE
    )


def test_free_words_after_few_stars_are_kept() -> None:
    talk = Talk()
    talk.say("不满意")
    assert talk.say("师傅来得太晚，还很凶") == words.RATING_WORDS_KEPT
    assert talk.commands[-1] == SayRatingWords(number="F2401010001", text="师傅来得太晚,还很凶")


def test_who_has_no_words_is_left_alone_and_a_new_fault_is_no_comment() -> None:
    talk = Talk()
    talk.say("不满意")
    assert talk.say("不说了") == words.RATING_NO_WORDS
    talk = Talk(bound_once)
    talk.say("不满意")
    assert talk.tell(Said("家里又没电了")) == words.ask_which_account([HOME.address])
