"""Whether answers fit the version of the form they were asked with, how they are shown. Pure."""

import hashlib
import re
from collections.abc import Mapping, Sequence

from grid.kit.refusals import Invalid
from grid.visits.form_types import Answer, AnswerView, VisitField
from grid.visits.words import FieldType

_SHA256 = re.compile(r"^[0-9a-f]{64}$")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
#: Free words shorter than this are alike in many houses; longer ones are somebody's own.
TELLING_LETTERS = 12


def fields_for(fields: Sequence[VisitField], with_money: bool) -> list[VisitField]:
    """The questions somebody is asked: an assistant is asked nothing about money."""
    return [field for field in fields if with_money or not field.money]


def check_answers(fields: Sequence[VisitField], answers: Mapping[str, Answer]) -> None:
    """Raises Invalid naming `answers.<key>` for an answer that is unknown, missing or unfit."""
    known = {field.key: field for field in fields}
    for key in answers:
        if key not in known:
            raise Invalid(f"answers.{key}", "这个版本的走访表没有这一项")
    for field in fields:
        if field.key in answers:
            if not _fits(field, answers[field.key]):
                raise Invalid(f"answers.{field.key}", f"“{field.label}”填写得不对")
        elif field.required:
            raise Invalid(f"answers.{field.key}", f"请填写“{field.label}”")


def _choices(field: VisitField) -> set[str]:
    return {choice.words for choice in field.choices}


def _fits(field: VisitField, answer: Answer) -> bool:
    match field.type:
        case FieldType.TEXT:
            return isinstance(answer, str) and bool(answer.strip()) and not _CONTROL.search(answer)
        case FieldType.NUMBER:
            return isinstance(answer, float | int) and not isinstance(answer, bool)
        case FieldType.YES_NO:
            return isinstance(answer, bool)
        case FieldType.CHOICE:
            return isinstance(answer, str) and answer in _choices(field)
        case FieldType.PHOTO:
            return isinstance(answer, str) and bool(_SHA256.match(answer))
        case FieldType.MULTI:
            return (
                isinstance(answer, list)
                and bool(answer)
                and len(set(answer)) == len(answer)
                and set(answer) <= _choices(field)
            )


def check_form(fields: Sequence[VisitField]) -> None:
    """Raises Invalid naming `fields` for a form that no phone could draw."""
    if len({field.key for field in fields}) != len(fields):
        raise Invalid("fields", "同一张表里的编号不能重复")
    for field in fields:
        asks_choice = field.type in (FieldType.CHOICE, FieldType.MULTI)
        if asks_choice != bool(field.choices) or len(_choices(field)) != len(field.choices):
            raise Invalid("fields", f"“{field.label}”的选项不对")


def shown(fields: Sequence[VisitField], answers: Mapping[str, Answer]) -> list[AnswerView]:
    """The answers in the words of their questions, in the order of the form."""
    return [
        AnswerView(key=field.key, label=field.label, answer=_words(answers[field.key]))
        for field in fields
        if field.key in answers
    ]


def _words(answer: Answer) -> str:
    if isinstance(answer, bool):
        return "是" if answer else "否"
    if isinstance(answer, list):
        return "、".join(answer)
    return f"{answer:g}" if isinstance(answer, float | int) else answer


def digest_of(
    fields: Sequence[VisitField], answers: Mapping[str, Answer], *more: str | None
) -> str | None:
    """The hash of the free words of a result, tidied; null where they are too few to tell a copy.

    Choices are the same in many houses, so they prove nothing and are left out.
    """
    texts = [
        answer
        for field in fields
        if field.type is FieldType.TEXT and isinstance(answer := answers.get(field.key), str)
    ]
    texts += [words for words in more if words]
    tidy = ["".join(letter for letter in text if letter.isalnum()) for text in texts]
    if sum(map(len, tidy)) < TELLING_LETTERS:
        return None
    return hashlib.sha256("\x00".join(tidy).encode()).hexdigest()
