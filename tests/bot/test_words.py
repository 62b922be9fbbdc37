"""Every sentence stands in a file of words, is short, and shows on a phone."""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

from bot import matter_words, outage_words, words

BOT = Path(words.__file__).parent
#: Word lists that are read, not said.
WORD_LISTS = {"danger.py", "vocabulary.py", "reading.py"}
SENTENCE = re.compile(r"[一-鿿].*[，。！？：；、“”]|[，。！？：；、].*[一-鿿]|[一-鿿]{7,}")


def constants() -> dict[str, str]:
    found = {}
    for module in (words, matter_words, outage_words):
        for name, value in vars(module).items():
            said = value.items() if isinstance(value, dict) else [("", value)]
            for part, text in said:
                if isinstance(text, str) and name.isupper():
                    found[name + part] = text
    return found


def test_no_sentence_is_too_long() -> None:
    for name, text in constants().items():
        assert 0 < len(text) <= words.LONGEST_CHARS, name


def test_sentences_with_facts_stay_short() -> None:
    long = "长" * 500
    assert len(words.ask_which_account([long] * 8)) <= words.LONGEST_CHARS
    assert len(words.accepted("F" * 24, long, "1" * 99, None, "1234")) <= words.LONGEST_CHARS


def test_words_of_outages_stay_short() -> None:
    long, at = "长" * 500, datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    assert len(outage_words.outage_joined("F" * 24, "temporary", long, at)) <= words.LONGEST_CHARS
    planned = outage_words.outage_planned("planned", at, at, long, long)
    assert len(planned) <= words.LONGEST_CHARS
    assert "1月1日 07:59" in planned


def test_failures_name_somebody_to_call() -> None:
    for text in (words.FAILED, words.FAULT_NOT_FILED, words.BIND_REFUSED, words.HUMAN):
        assert "95598" in text
    for number in ("95598", "119", "120"):
        assert number in words.SAFETY


def test_no_sentence_is_spoken_from_anywhere_else() -> None:
    for path in BOT.rglob("*.py"):
        if path.name.endswith("words.py") or path.name in WORD_LISTS or "simulator" in path.parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                spoken = SENTENCE.search(node.value) and id(node) not in docstrings
                assert not spoken, f"{path.name}:{node.lineno} {node.value}"
