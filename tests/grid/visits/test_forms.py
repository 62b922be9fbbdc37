"""Forms as data: answers are held against the version they were asked in."""

import msgspec
import pytest

from grid.kit.dated_settings import SamePerson
from grid.kit.refusals import Invalid, NotAllowed
from grid.territory.types import Audience, StaffActor, StaffRole
from grid.visits.form_rules import check_answers, check_form, digest_of, shown
from grid.visits.form_seeds import LEAFLETS, SEED_FORMS
from grid.visits.form_types import Choice, ProposeForm, VisitField
from grid.visits.forms import (
    FormNotProposed,
    form_of_version,
    propose_form,
    release_form,
    visit_forms,
)
from grid.visits.words import FieldType, FormState, FormWord
from tests.grid.visits.scene import ANSWERS, make_scene
from tests.support.staff import actor_of, make_staff

_F = FieldType
TWO = [Choice(words="甲"), Choice(words="乙")]
FIELDS = [
    VisitField(key="words", label="说明", type=_F.TEXT, required=True),
    VisitField(key="count", label="人数", type=_F.NUMBER),
    VisitField(key="one", label="选一", type=_F.CHOICE, choices=TWO),
    VisitField(key="many", label="多选", type=_F.MULTI, choices=TWO),
    VisitField(key="photo", label="照片", type=_F.PHOTO),
    VisitField(key="right", label="对吗", type=_F.YES_NO),
]


@pytest.mark.parametrize("form", list(FormWord))
def test_every_seeded_form_can_be_drawn(form: FormWord) -> None:
    title, fields = SEED_FORMS[form]
    check_form(fields)
    assert title
    assert any(field.required for field in fields)
    assert msgspec.convert(msgspec.to_builtins(list(fields)), list[VisitField]) == list(fields)


@pytest.mark.parametrize("form", list(ANSWERS))
def test_answers_of_every_type_are_taken(form: FormWord) -> None:
    fields = SEED_FORMS[form][1]
    check_answers(fields, ANSWERS[form])
    assert len(shown(fields, ANSWERS[form])) == len(ANSWERS[form])


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("words", ""),
        ("words", "坏\x00字"),
        ("words", 3.0),
        ("count", "三"),
        ("count", True),
        ("one", "丙"),
        ("one", ["甲"]),
        ("many", []),
        ("many", ["甲", "甲"]),
        ("many", ["甲", "丙"]),
        ("photo", "not-a-hash"),
        ("right", "是"),
        ("unknown", "甲"),
    ],
)
def test_an_unfit_answer_is_refused_by_name(key: str, answer: object) -> None:
    given = {"words": "有话", key: answer}
    with pytest.raises(Invalid) as refused:
        check_answers(FIELDS, given)  # type: ignore[arg-type]
    assert refused.value.field == f"answers.{key}"


def test_a_required_answer_is_asked_for_by_name() -> None:
    with pytest.raises(Invalid) as refused:
        check_answers(FIELDS, {"count": 3.0})
    assert refused.value.field == "answers.words"


@pytest.mark.parametrize(
    "fields",
    [
        [FIELDS[0], FIELDS[0]],
        [msgspec.structs.replace(FIELDS[2], choices=[])],
        [msgspec.structs.replace(FIELDS[0], choices=TWO[:1])],
        [msgspec.structs.replace(FIELDS[3], choices=[TWO[0], TWO[0]])],
    ],
)
def test_a_form_that_no_phone_could_draw_is_refused(fields: list[VisitField]) -> None:
    with pytest.raises(Invalid):
        check_form(fields)


def test_only_own_words_tell_a_copy() -> None:
    long = {"words": "老人说冬天夜里灯会闪,要看一看"}
    assert digest_of(FIELDS, {"words": "很好", "one": "甲"}) is None
    assert digest_of(FIELDS, long) == digest_of(FIELDS, {"words": f" {long['words']} 。"})
    assert digest_of(FIELDS, long) != digest_of(FIELDS, long, "另外还有备注")


async def back_office(*roles: StaffRole) -> StaffActor:
    staff_id = await make_staff(roles=roles, everywhere=True)
    return await actor_of(staff_id, audience=Audience.CONSOLE)


async def test_a_new_version_takes_two_people_and_the_old_stays_readable(rolled_back: None) -> None:
    one, two = await back_office(StaffRole.OPERATOR), await back_office(StaffRole.OPERATOR)
    draft = await propose_form(
        one, ProposeForm(form=FormWord.ORDINARY, title="新表", fields=FIELDS)
    )
    assert (draft.version, draft.state) == (2, FormState.PROPOSED)
    with pytest.raises(Invalid):
        await form_of_version(FormWord.ORDINARY, 2)
    assert draft.id is not None
    with pytest.raises(SamePerson):
        await release_form(one, draft.id)
    await release_form(two, draft.id)
    with pytest.raises(FormNotProposed):
        await release_form(two, draft.id)
    scene = await make_scene()
    forms = await visit_forms(scene.manager)
    assert {one.form: one.version for one in forms.items}[FormWord.ORDINARY] == 2
    assert len(forms.items) == len(FormWord)
    assert len(forms.leaflets) == len(LEAFLETS)
    assert (await form_of_version(FormWord.ORDINARY, 1)).fields == list(
        SEED_FORMS[FormWord.ORDINARY][1]
    )


async def test_who_visits_releases_no_forms(rolled_back: None) -> None:
    scene = await make_scene()
    command = ProposeForm(form=FormWord.ORDINARY, title="新表", fields=FIELDS)
    for actor in (scene.manager, scene.assistant, scene.supervisor):
        with pytest.raises(NotAllowed):
            await propose_form(actor, command)


async def test_an_assistant_is_asked_nothing_about_money(rolled_back: None) -> None:
    scene = await make_scene()
    asked = {
        actor: {field.key for one in (await visit_forms(actor)).items for field in one.fields}
        for actor in (scene.manager, scene.assistant)
    }
    assert asked[scene.manager] - asked[scene.assistant] == {"month_cost_yuan"}
