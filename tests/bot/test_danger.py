"""Danger words: recall and false alarms on villagers' sentences, and the ways people mistype.

The list was written in seven batches by one author. A seeded third of the first batch was never
tuned on: the held-out part. Each later batch was written to be unlike what came before, measured
once on the rule as it stood, and then mended, so it is no longer unseen. Recall at that first sight
was 0.60, 0.80, 0.72, 0.92, 0.90 and 0.97, false alarms 0.00 to 0.03: expect about nine in ten of
sentences nobody has thought of yet, and add every miss met in service to the list.
"""

import csv
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.danger import is_dangerous

RECALL_DEMANDED = 0.97
FALSE_ALARMS_ALLOWED = 0.05


def sentences() -> list[dict[str, str]]:
    path = Path(__file__).with_name("danger_sentences.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def is_held_out(row: dict[str, str]) -> bool:
    seeded = hashlib.sha256(f"wangge-danger-1:{row['sentence']}".encode()).hexdigest()
    return row["batch"] == "first" and int(seeded, 16) % 3 == 0


def rates(rows: list[dict[str, str]]) -> tuple[float, float, list[str]]:
    """Recall, false alarm rate, and the sentences judged wrongly."""
    wrong = [r for r in rows if is_dangerous(r["sentence"]) != (r["dangerous"] == "1")]
    dangerous = sum(r["dangerous"] == "1" for r in rows)
    missed = sum(r["dangerous"] == "1" for r in wrong)
    alarms = len(wrong) - missed
    return (
        1 - missed / dangerous,
        alarms / (len(rows) - dangerous),
        [r["sentence"] for r in wrong],
    )


def test_the_list_is_large_enough() -> None:
    rows = sentences()
    assert sum(r["dangerous"] == "1" for r in rows) >= 150
    assert sum(r["dangerous"] == "0" for r in rows) >= 150
    assert len({r["sentence"] for r in rows}) == len(rows)


@pytest.mark.parametrize("part", ["all", "held out"])
def test_recall_and_false_alarms(part: str) -> None:
    rows = [r for r in sentences() if part == "all" or is_held_out(r)]
    recall, alarms, wrong = rates(rows)
    print(f"danger words, {part}: {len(rows)} sentences, recall {recall:.4f}, false {alarms:.4f}")
    assert recall >= RECALL_DEMANDED, wrong
    assert alarms <= FALSE_ALARMS_ALLOWED, wrong


@pytest.mark.parametrize("word", ["落线", "触电", "着火", "冒烟", "电线断了", "变压器冒烟"])
@pytest.mark.parametrize("between", ["", " ", "　", "。", "…", "-", "\u200b", "\n", "，！"])
def test_nothing_between_the_characters_hides_a_danger_word(word: str, between: str) -> None:
    assert is_dangerous(between.join(word))


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_danger_word_is_seen_whatever_stands_around_it(before: str, after: str) -> None:
    assert is_dangerous(f"{before}。变压器着火有人触电。{after}")


@given(st.text())
def test_it_never_raises(text: str) -> None:
    assert is_dangerous(text) in (True, False)


def test_a_long_text_is_judged_quickly_and_by_its_beginning() -> None:
    assert is_dangerous("触电" + "啊" * 50_000)
    assert not is_dangerous("停电了" * 20_000)


PEOPLE = (
    "",
    "我家",
    "我们家",
    "我屋里",
    "他们家",
    "我妈家",
    "老人家里",
    "我们三组",
    "这边整个村",
    "孩子学校",
)
OUTAGES = (
    *(
        "没电了",
        "没有电了",
        "没得电了",
        "没的电了",
        "冇得电了",
        "莫得电了",
        "停电了",
        "又停电了",
        "断电了",
    ),
    *(
        "电没了",
        "还没来电",
        "电又停了",
        "来电又停了",
        "灯不亮了",
        "跳闸了",
        "漏保跳了",
        "电压不稳",
        "缺电了",
    ),
)


@pytest.mark.parametrize("people", PEOPLE)
@pytest.mark.parametrize("outage", OUTAGES)
def test_an_ordinary_outage_pages_nobody(people: str, outage: str) -> None:
    for text in (people + outage, f"{people}{outage},麻烦看一下", f"你好,{people}{outage}"):
        assert not is_dangerous(text)
