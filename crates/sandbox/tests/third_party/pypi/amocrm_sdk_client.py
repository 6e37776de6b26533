"""Drives the local amoCRM with amocrm-sdk, which asks https://SUBDOMAIN.amocrm.ru."""

import time
from pathlib import Path

import local_amocrm as local
from amocrm import (
    AmoCRM,
    AmoCRMTokenRefreshError,
    Company,
    Contact,
    CustomFieldValue,
    InMemoryTokenStorage,
    Lead,
    OAuthConfig,
    Tag,
    Task,
    exchange_code,
    generate_custom_fields_dto,
    get_client,
)
from amocrm.exceptions import AmoCRMAPIError


def reads(amo: AmoCRM) -> None:
    leads = list(amo.leads.list(limit=250, with_=["contacts", "loss_reason"]))
    assert len({lead.id for lead in leads}) == local.LEADS
    won = list(amo.leads.list(filter={"statuses][0][pipeline_id": local.PIPELINE, "statuses][0][status_id": local.WON}))
    assert won and {lead.status_id for lead in won} == {local.WON}
    newest = amo.leads.list(page=1, limit=1, order={"updated_at": "desc"})
    assert newest[0].updated_at == max(lead.updated_at for lead in leads)
    assert len(amo.contacts.list(page=1, limit=20)) == 20
    assert amo.companies.list(page=1)
    assert [pipeline.id for pipeline in amo.pipelines.list()] == [local.PIPELINE, local.RENT]
    assert amo.pipelines.get(local.RENT).statuses
    assert len(amo.pipelines.list_statuses(local.PIPELINE, with_descriptions=True)) == 8
    assert amo.pipelines.get_status(local.PIPELINE, local.WON).name == "Успешно реализовано"
    fields = {field.id: field for field in amo.custom_fields.list("leads")}
    assert fields[local.OBJECT_TYPE].type == "select" and len(fields[local.OBJECT_TYPE].enums) == 4
    assert amo.custom_fields.get("contacts", 594210).name == "Телефон"


def entities(amo: AmoCRM) -> None:
    contacts = amo.contacts.create([Contact(name="Ivan"), Contact(first_name="Марія", last_name="Ткач")])
    company = amo.companies.create([Company(name="Затишок", tags=[Tag(name="партнер")])])[0]
    assert amo.contacts.get(contacts[1].id).name == "Марія Ткач"
    lead = Lead(
        name="Квартира на Подолі",
        price=90_000,
        status_id=local.FIRST_STAGE,
        pipeline_id=local.PIPELINE,
        tags=[Tag(name="sdk")],
        contacts=[Contact(id=contacts[0].id)],
        company=Company(id=company.id),
        custom_fields_values=[CustomFieldValue(field_id=local.AREA, values=[{"value": "54.5"}])],
    )
    lead.set_cf_raw(local.OBJECT_TYPE, [{"enum_id": local.HOUSE}])
    lead_id = amo.leads.create([lead])[0].id
    made = amo.leads.get(lead_id)
    assert (made.name, made.price, made.status_id) == (lead.name, 90_000, local.FIRST_STAGE), made
    assert made.contacts[0].id == contacts[0].id and made.company.id == company.id, made
    assert made.get_cf_value(local.OBJECT_TYPE) == "Будинок" and made.get_cf_value(local.AREA) == "54.5", made

    # It sends back the whole lead as it was read.
    made.price = 85_000
    made.set_cf_value(local.ADDRESS, "Набережна, 3")
    answer = amo.leads.update_one(made)
    assert answer.id == lead_id and answer.updated_at, answer
    amo.leads.update([Lead(id=lead_id, status_id=local.SECOND_STAGE, pipeline_id=local.PIPELINE)])
    made = amo.leads.get(lead_id)
    assert (made.price, made.status_id) == (85_000, local.SECOND_STAGE), made
    assert made.get_cf_value(local.ADDRESS) == "Набережна, 3" and [tag.name for tag in made.tags] == ["sdk"], made

    contact = amo.contacts.get(contacts[0].id)
    contact.set_cf_raw(594210, [{"value": "+380671234567", "enum_code": "WORK"}])
    amo.contacts.update_one(contact)
    assert amo.contacts.get(contact.id).get_cf_value(594210) == "+380671234567"
    amo.companies.update([Company(id=company.id, name="Затишок плюс")])
    assert amo.companies.get(company.id).name == "Затишок плюс"
    refusal = local.refused(AmoCRMAPIError, amo.leads.update_one, Lead(id=lead_id, responsible_user_id=5))
    assert refusal.status_code == 400, refusal


def complex_and_tasks(amo: AmoCRM) -> None:
    whole = Lead(name="Разом", contacts=[Contact(name="Новий")], company=Company(name="Нова"))
    known = Lead(name="З відомим", contacts=[Contact(id=whole_contact(amo))])
    first, second = amo.leads.create_complex([whole, known])
    assert first.contact_id and first.company_id and not first.merged and first.request_id == ["0"], first
    assert second.contact_id == known.contacts[0].id and second.company_id is None, second
    assert amo.contacts.get(first.contact_id).name == "Новий"
    assert amo.leads.get(first.id).company.id == first.company_id

    till = int(time.time()) + 86_400
    task = Task(text="Зателефонувати", complete_till=till, task_type_id=1, entity_id=first.id, entity_type="leads")
    task_id = amo.tasks.create([task])[0].id
    amo.tasks.update_one(Task(id=task_id, is_completed=True, result={"text": "Домовились"}))
    done = amo.tasks.get(task_id)
    assert done.is_completed and done.result == {"text": "Домовились"} and done.complete_till == till, done
    open_tasks = amo.tasks.list(page=1, filter={"is_completed": 0, "entity_type": "leads", "entity_id": first.id})
    assert open_tasks == [], open_tasks


def whole_contact(amo: AmoCRM) -> int:
    return amo.contacts.list(page=1, limit=1)[0].id


def generated(oauth: OAuthConfig) -> None:
    generate_custom_fields_dto(local.SUBDOMAIN, oauth, output_file="models.py")
    written = Path("models.py").read_text()
    assert "class MyLead" in written and "def tip_obekta(" in written, written
    # It keeps the ² of a field's name, which no name in Python can have.
    local.refused(SyntaxError, compile, written, "models.py", "exec")


local.without_limit()
oauth = OAuthConfig(
    client_id=local.CLIENT_ID,
    client_secret=local.CLIENT_SECRET,
    redirect_uri=local.REDIRECT_URI,
    storage=InMemoryTokenStorage(),
)
exchange_code(local.SUBDOMAIN, local.code(), oauth)
amo = get_client(local.SUBDOMAIN, oauth)
reads(amo)
entities(amo)
complex_and_tasks(amo)
generated(oauth)
# It refreshes at www.amocrm.ru, where amoCRM has no tokens.
local.expire()
local.refused(AmoCRMTokenRefreshError, amo.pipelines.list)
local.finish("leads, complex, contacts, companies, tasks, pipelines, fields, generated models")
