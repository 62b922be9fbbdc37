"""Every sentence stands in `bot/words.py`, is short, and shows on a phone."""

import ast
import re
from pathlib import Path

from bot import words

BOT = Path(words.__file__).parent
#: Word lists that are read, not said.
WORD_LISTS = {"danger.py", "vocabulary.py", "reading.py"}
SENTENCE = re.compile(r"[一-鿿].*[，。！？：；、“”]|[，。！？：；、].*[一-鿿]|[一-鿿]{7,}")


def constants() -> dict[str, str]:
    found = {}
    for name, value in vars(words).items():
        if isinstance(value, str) and name.isupper():
            found[name] = value
    return found


def test_no_sentence_is_too_long() -> None:
    for name, text in constants().items():
        assert 0 < len(text) <= words.LONGEST_CHARS, name


def test_sentences_with_facts_stay_short() -> None:
    long = "长" * 500
    assert len(words.ask_which_account([long] * 8)) <= words.LONGEST_CHARS
    assert len(words.accepted("F" * 24, long, "1" * 99)) <= words.LONGEST_CHARS


def test_failures_name_somebody_to_call() -> None:
    for text in (words.FAILED, words.FAULT_NOT_FILED, words.BIND_REFUSED, words.HUMAN):
        assert "95598" in text
    for number in ("95598", "119", "120"):
        assert number in words.SAFETY


def test_no_sentence_is_spoken_from_anywhere_else() -> None:
    for path in BOT.rglob("*.py"):
        if path.name == "words.py" or path.name in WORD_LISTS or "simulator" in path.parts:
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
