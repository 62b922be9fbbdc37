"""What goes in and out of forms: questions, answers, versions, leaflets."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from grid.visits.words import (
    FieldType,
    FormState,
    FormWord,
    Leaflet,
)

Key = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,29}$", max_length=30)]
Label = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]

#: An answer as the phone sends it: words, a number, yes or no, or several choices.
Answer = (
    Annotated[str, Meta(max_length=500)]
    | Annotated[float, Meta(ge=-1e9, le=1e9)]
    | bool
    | Annotated[list[Annotated[str, Meta(max_length=60)]], Meta(max_length=20)]
)
Answers = Annotated[dict[Key, Answer], Meta(max_length=40)]


class Choice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the answers to choose from, in the words that are shown and stored."""

    words: Label


class VisitField(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question. `money`: an assistant neither sees nor answers it."""

    key: Key
    label: Label
    type: FieldType
    required: bool = False
    help: Annotated[str, Meta(max_length=120)] | None = None
    choices: Annotated[list[Choice], Meta(max_length=20)] = []
    money: bool = False


class VisitFormView(msgspec.Struct, frozen=True, kw_only=True):
    """A form in one version, as data that a phone draws. `id` null: one to start with."""

    id: UUID | None
    form: FormWord
    version: int
    title: str
    state: FormState
    fields: list[VisitField]
    proposed_by: str | None = None


class LeafletView(msgspec.Struct, frozen=True, kw_only=True):
    code: Leaflet
    title: str


class VisitFormsView(msgspec.Struct, frozen=True, kw_only=True):
    """The forms in force (or one old version), and the leaflets that are handed over."""

    items: list[VisitFormView]
    leaflets: list[LeafletView]
    next: None = None


class ProposeForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new version of a form; another person puts it in force."""

    form: FormWord
    title: Label
    fields: Annotated[list[VisitField], Meta(min_length=1, max_length=40)]


class AnswerView(msgspec.Struct, frozen=True, kw_only=True):
    """One answer with the words of its question in the version it was asked in."""

    key: str
    label: str
    answer: str
