"""Drives the local amoCRM with aioamocrm."""

import asyncio
import time

import local_amocrm as local
from aioamocrm import (
    AmoCRMClient,
    AuthError,
    Company,
    Contact,
    Lead,
    NotFoundError,
    Note,
    OAuth2,
    Task,
    TokenEndpoint,
    ValidationError,
    parse_webhook,
)


async def reads(amo: AmoCRMClient) -> None:
    account = await amo.account.get(with_="version,datetime_settings")
    assert (account.id, account.name) == (local.ACCOUNT, local.ACCOUNT_NAME), account

    leads = [lead async for lead in amo.leads.iterate(with_=["contacts"])]
    ids = [lead.id for lead in leads]
    assert len(ids) == len(set(ids)) == local.LEADS, len(ids)

    one = await amo.leads.get(ids[0], with_="contacts")
    assert one.name == leads[0].name
    main = next(lead for lead in leads if lead.embedded.contacts).embedded.contacts[0]
    contact = await amo.contacts.get(main.id)
    assert contact.id == main.id
    assert (await amo.companies.get_page(limit=5)).items

    pipelines = await amo.pipelines.list()
    assert len(pipelines) == 2 and (await amo.pipelines.get(local.RENT)).statuses
    assert {local.WON, local.LOST} <= {status.id for status in await amo.pipelines.statuses(pipelines[0].id)}
    assert (await amo.users.get(local.ADMIN)).email == "olena@foryou.example"
    assert local.AGENT in {user.id async for user in amo.users.iterate()}
    fields = {field.id: field async for field in amo.leads.custom_fields.iterate()}
    assert fields[local.OBJECT_TYPE].enum_id("Будинок") == local.HOUSE
    assert (await amo.contacts.custom_fields.get(594210)).code == "PHONE"
    await local.refused_soon(NotFoundError, amo.leads.get(1))


async def writes(amo: AmoCRMClient) -> int:
    contact = Contact(first_name="Соломія", last_name="Крук")
    contact.set_field("PHONE", "+380931234567", enum_code="MOB")
    person, _ = await amo.contacts.create([contact, {"name": "Другий"}])
    firm = (await amo.companies.create([Company(name="Крук і Ко")]))[0]
    lead = Lead(name="Мансарда", price=61_500, pipeline_id=local.PIPELINE, status_id=local.FIRST_STAGE)
    lead.set_field(local.OBJECT_TYPE, {"enum_id": local.HOUSE})
    lead.set_field(local.AMENITIES, "Балкон", "Garden")
    made = (await amo.leads.create([lead]))[0]
    assert made.request_id == "0", made

    linked = await amo.leads.link(made.id, "contacts", person.id, metadata={"is_main": True})
    assert (linked[0].entity_id, linked[0].to_entity_id) == (made.id, person.id), linked
    await amo.leads.link(made.id, "companies", firm.id)
    links = {(link.to_entity_type, link.to_entity_id) for link in await amo.leads.links(made.id)}
    assert links == {("contacts", person.id), ("companies", firm.id)}, links
    assert [link.to_entity_id for link in await amo.contacts.links(person.id, filter={"to_entity_type": "leads"})] == [made.id]
    await amo.leads.unlink(made.id, "companies", firm.id)

    # What it has read it sends back, with a change.
    read = await amo.leads.get(made.id, with_="contacts")
    assert read.field_values(local.AMENITIES) == ["Балкон", "Garden"] and read.embedded.companies == [], read
    read.price = 60_000
    read.embedded.contacts = []
    await amo.leads.update([read])
    await amo.leads.update([{"id": made.id, "status_id": local.SECOND_STAGE, "tags_to_add": [{"name": "горище"}]}])
    read = await amo.leads.get(made.id, with_="contacts")
    assert (read.price, read.status_id, read.embedded.tags[0].name) == (60_000, local.SECOND_STAGE, "горище"), read
    assert read.embedded.contacts[0].id == person.id and read.field_value(local.OBJECT_TYPE) == "Будинок", read
    await amo.contacts.update([{"id": person.id, "name": "Соломія"}])
    assert (await amo.contacts.get(person.id)).field_value("PHONE", enum_code="MOB") == "+380931234567"
    refusal = await local.refused_soon(ValidationError, amo.leads.update([{"id": made.id, "status_id": 5}]))
    assert refusal.status_code == 400, refusal

    whole = Lead(name="Разом")
    whole.embedded.contacts = [Contact(name="Вася")]
    whole.embedded.companies = [Company(name="ТОВ Вася")]
    result = (await amo.leads.create_complex([whole]))[0]
    assert result.contact_id and result.company_id and result.request_id == ["0"] and result.merged is False, result
    return made.id


async def notes_and_tasks(amo: AmoCRMClient, lead: int) -> None:
    first, _ = await amo.leads.notes.create([Note.common(lead, "Схили"), Note.common(lead, "Вікна")])
    assert first.entity_id == lead
    assert (await amo.leads.notes.get(first.id, entity_id=lead)).text == "Схили"
    texts = [note.text async for note in amo.leads.notes.iterate(entity_id=lead, order={"id": "asc"})]
    assert texts == ["Схили", "Вікна"], texts
    page = await amo.leads.notes.get_page(filter={"entity_id": [lead], "note_type": ["common"]})
    assert len(page.items) == 2, page

    till = int(time.time()) + 500
    task = Task(text="Поміряти", complete_till=till, entity_id=lead, entity_type="leads", task_type_id=1)
    made = (await amo.tasks.create([task]))[0]
    await amo.tasks.update([{"id": made.id, "text": "Поміряти двічі"}])
    read = await amo.tasks.get(made.id)
    assert (read.text, read.is_completed, read.result) == ("Поміряти двічі", False, None), read
    assert (await amo.leads.get(lead)).closest_task_at == till
    await amo.tasks.complete(made.id, result="Шість метрів")
    read = await amo.tasks.get(made.id)
    assert read.is_completed and read.result.text == "Шість метрів", read
    mine = [task.id async for task in amo.tasks.iterate(filter={"entity_type": "leads", "entity_id": lead})]
    assert mine == [made.id], mine


async def hooks(amo: AmoCRMClient, lead: int) -> None:
    address = local.Hooks.listen()
    settings = ["update_lead", "status_lead"]
    await amo.request("POST", "webhooks", json={"destination": address, "settings": settings}, retry=False)
    await amo.leads.update([{"id": lead, "price": 59_000}])
    webhook = parse_webhook(local.Hooks.wait_for("[price]=59000"))
    assert (webhook.account_id, webhook.subdomain) == (local.ACCOUNT, local.SUBDOMAIN), webhook
    event = webhook.events[0]
    assert (event.entity, event.action, event.id) == ("leads", "update", lead), event
    assert event.field_value(local.OBJECT_TYPE) == "Будинок", event.custom_fields


async def tokens_of(amo: AmoCRMClient, auth: OAuth2, endpoint: TokenEndpoint) -> None:
    # An access token that has expired is renewed without anyone noticing.
    first = auth._tokens
    local.expire()
    assert (await amo.account.get()).id == local.ACCOUNT
    assert auth._tokens.refresh_token != first.refresh_token
    assert local.refreshes() == 1

    # A refusal is understood as one.
    spent = local.code()
    await auth.exchange_code(endpoint, spent)
    local.revoke()
    refusal = await local.refused_soon(AuthError, amo.account.get())
    assert (refusal.status_code, refusal.title) == (401, "Некорректный запрос"), refusal
    refusal = await local.refused_soon(AuthError, auth.exchange_code(endpoint, spent))
    assert refusal.status_code == 400, refusal


async def main() -> None:
    local.without_limit()
    auth = OAuth2(local.CLIENT_ID, local.CLIENT_SECRET, local.REDIRECT_URI)
    async with AmoCRMClient(auth=auth, base_url=local.BASE) as amo:
        endpoint = TokenEndpoint(http=amo.http, url=amo.token_url)
        await auth.exchange_code(endpoint, local.code())
        await reads(amo)
        lead = await writes(amo)
        await notes_and_tasks(amo, lead)
        await hooks(amo, lead)
        await tokens_of(amo, auth, endpoint)
    local.finish("account, leads, complex, contacts, companies, links, notes, tasks, fields, users, a hook, tokens")


asyncio.run(main())
