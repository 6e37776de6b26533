"""Drives the local amoCRM with amocrm-api, which asks https://SUBDOMAIN.amocrm.ru."""

from datetime import datetime, timedelta

import local_amocrm as local
from amocrm.v2 import Company, Contact, Event, Lead, Pipeline, Tag, Task, User, custom_field, exceptions, filters, tokens
from amocrm.v2.account import AccountInteraction, get_account_info
from amocrm.v2.entity.custom_field import CustomFieldModel, SelectValue
from amocrm.v2.entity.pipeline import Status

manager = tokens.default_token_manager


class Flat(Lead):
    """A lead with custom fields, as the library wants them declared."""

    kind = custom_field.SelectCustomField("Тип объекта")
    address = custom_field.TextCustomField("Адреса")
    parking = custom_field.CheckboxCustomField("Паркинг")
    area = custom_field.NumericCustomField("Площа, м²")


class Person(Contact):
    phone = custom_field.ContactPhoneField("Телефон")


def reads() -> None:
    leads = list(Lead.objects.all())
    assert len(leads) == len({lead.id for lead in leads}) == local.LEADS, len(leads)
    first, second = leads[:2]
    assert Lead.objects.get(object_id=first.id).name == first.name
    assert first.pipeline.name and first.status.name and first.responsible_user.email
    local.refused(exceptions.NotFound, Lead.objects.get, object_id=1)

    stages = [stage for pipeline in Pipeline.objects.all() for stage in Status.get_for(pipeline).all()]
    assert len(stages) == 15, len(stages)
    assert Status.get_for(first.pipeline).get(object_id=local.WON).name == "Успешно реализовано"
    for wanted, most in [
        (filters.SingleFilter("id")(first.id), 1),
        (filters.SingleListFilter("id")([first.id, second.id]), 2),
        (filters.RangeFilter("price")(100_000, 200_000), 200),
        (filters.FiltersByPipelineAndStatus("statuses")(first.pipeline.id, local.WON), 200),
    ]:
        found = len(list(Lead.objects.filter(filters=[wanted])))
        assert 0 < found <= most, (wanted, found)
    newest = next(Lead.objects.filter(order={"updated_at": "desc"}))
    assert newest.updated_at == max(lead.updated_at for lead in leads)

    contacts = list(Contact.objects.all())
    assert any(lead.id == first.id for contact in contacts for lead in contact.leads)
    assert {"olena@foryou.example", "andrew@foryou.example"} <= {user.email for user in User.objects.all()}
    assert AccountInteraction().get()["name"] == local.ACCOUNT_NAME
    # It asks for the account as for a list.
    local.refused(AttributeError, get_account_info)


def writes() -> Flat:
    flat = Flat(name="Студія", price=33_000)
    flat.address = "Вокзальна, 2"
    flat.kind = SelectValue(id=local.HOUSE)
    flat.parking = True
    flat.save()
    flat = Flat.objects.get(object_id=flat.id)
    assert (flat.name, flat.price, flat.address, flat.kind.value, flat.parking) == (
        "Студія",
        33_000,
        "Вокзальна, 2",
        "Будинок",
        True,
    )
    # A field that is changed is sent with all the others, as they were read.
    flat.area = 31.5
    flat.price = 32_000
    flat.status = local.SECOND_STAGE
    flat.tags.append("вокзал")
    flat.save()
    flat = Flat.objects.get(object_id=flat.id)
    assert (flat.area, flat.price, flat.status.id, flat.address) == (31.5, 32_000, local.SECOND_STAGE, "Вокзальна, 2")
    assert [tag.name for tag in flat.tags] == ["вокзал"]
    flat.tags.remove("вокзал")
    flat.save()
    assert list(Flat.objects.get(object_id=flat.id).tags) == []
    local.refused(exceptions.ValidationError, Lead.objects.update, flat.id, {"responsible_user_id": 5})

    person = Person(name="Зоя")
    person.phone = "+380441234567"
    person.save()
    assert Person.objects.get(object_id=person.id).phone == "+380441234567"
    flat.contacts.append(person, main=True)
    assert [contact.id for contact in Flat.objects.get(object_id=flat.id).contacts] == [person.id]
    company = Company(name="Вокзал")
    company.save()
    person = Person.objects.get(object_id=person.id)
    person.company = company
    assert Person.objects.get(object_id=person.id).company.name == "Вокзал"
    # What is to take a link away makes it once more.
    flat.contacts.remove(person)
    assert [contact.id for contact in Flat.objects.get(object_id=flat.id).contacts] == [person.id]
    made = Tag.leads.create(name="перон")
    assert made.id in {tag.id for tag in Tag.leads.all()}
    return flat


def notes_tasks_and_events(flat: Flat) -> None:
    note = flat.notes(text="Шумно")
    note.save()
    note = flat.notes.objects.get(object_id=note.id)
    note.text = "Дуже шумно"
    note.save()
    assert [note.text for note in flat.notes.objects.all()] == ["Дуже шумно"]

    # It sends times as floating-point numbers.
    till = datetime.now().replace(microsecond=0) + timedelta(hours=3)
    flat.tasks.add(Task(text="Показ", complete_till=till, task_type_id=2))
    task = next(iter(flat.tasks.__iter__()))
    assert (task.text, task.is_completed, task.entity.id) == ("Показ", False, flat.id)
    task.is_completed = True
    task.save()
    assert Task.objects.get(object_id=task.id).is_completed

    events = [event for event in Event.objects.filter(filters=[filters.SingleFilter("type")("lead_status_changed")])]
    moved = next(event for event in events if event.entity_id == flat.id)
    assert moved.value_after["id"] == local.SECOND_STAGE and moved.created_by.id == local.ADMIN
    came_from = filters.EventsFiltersByPipelineAndStatus("")(local.PIPELINE, local.FIRST_STAGE)
    assert moved.id in {event.id for event in Event.objects.filter(filters=[came_from])}
    assert {event.type for event in Event.objects.all()} >= {"common_note_added", "entity_tag_added", "task_added"}


def custom_fields(flat: Flat) -> None:
    assert "Паркинг" in {field.name for field in CustomFieldModel.get_for(flat)}
    # It creates fields without their type.
    local.refused(exceptions.ValidationError, CustomFieldModel.create_for, flat, "Новое")


def tokens_of() -> None:
    # It renews its token only when that has expired by the token's own `exp`.
    before = manager._storage.get_refresh_token()
    access, refresh = manager._get_new_tokens()
    assert refresh != before
    manager._storage.save_tokens(access, refresh)
    assert User.objects.get(object_id=local.AGENT).name == "Andrew Bailey"
    local.revoke()
    local.refused(exceptions.UnAuthorizedException, next, Lead.objects.all())


local.without_limit()
manager(local.CLIENT_ID, local.CLIENT_SECRET, local.SUBDOMAIN, local.REDIRECT_URI, tokens.MemoryTokensStorage())
manager.init(local.code())
reads()
flat = writes()
notes_tasks_and_events(flat)
custom_fields(flat)
tokens_of()
local.finish("leads, contacts, companies, links, tags, notes, tasks, events, fields, pipelines, users, tokens")
