"""Drives the local amoCRM with py-amo-client, which asks https://SUBDOMAIN.amocrm.ru.

It sends JSON without a Content-Type.
"""

import asyncio

import httpx
import local_amocrm as local
import requests
from py_amo.schemas import ContactSchema, CustomFieldShema, CustomFieldValues, LeadSchema
from py_amo.services import AmoSession, AsyncAmoSession
from pydantic import ValidationError


def house() -> list[CustomFieldShema]:
    values = [CustomFieldValues(enum_id=local.HOUSE)]
    return [CustomFieldShema(field_id=local.OBJECT_TYPE, values=values)]


def reads(amo: AmoSession) -> None:
    assert amo.get_me().current_user_id == local.ADMIN
    assert len(amo.leads.get_all(limit=250, page=3)) == local.LEADS - 500
    newest = amo.leads.get_all(**{"limit": 1, "order[id]": "desc", "with_": "contacts"})[0]
    assert amo.leads.get_by_id(newest.id).name == newest.name
    assert amo.leads.get_by_id(1) is None
    assert len(amo.contacts.get_all(limit=5)) == 5
    assert {user.id for user in amo.users.get_all()} >= {local.ADMIN, local.AGENT}
    assert amo.users.get_by_id(local.AGENT).email == "andrew@foryou.example"
    pipelines = amo.pipelines.get_all()
    assert len(pipelines[0].statuses) == 8
    assert local.WON in {stage.id for stage in amo.pipeline_statuses(local.PIPELINE).get_all()}
    # It expects a body where there is none.
    local.refused(requests.JSONDecodeError, amo.sources.get_all)


def writes(amo: AmoSession) -> None:
    lead = LeadSchema(name="Котедж", price=120_000, status_id=local.FIRST_STAGE, custom_fields_values=house())
    made = amo.leads.create([lead])[0]
    assert made.link.endswith(f"/api/v4/leads/{made.id}"), made
    found = amo.leads.get_by_id(made.id)
    assert found.custom_fields_values[0].values[0].value == "Будинок", found
    found.price = 115_000
    assert amo.leads.update(found).id == made.id
    assert amo.leads.get_by_id(made.id).price == 115_000
    # The ids of new contacts it seeks among leads; a contact that it has read it cannot write; links it cannot read.
    contact = ContactSchema(name="Ганна", _embedded={})
    assert amo.contacts.create([contact]) == []
    ganna = amo.contacts.get_all(query="Ганна", limit=250)
    assert "Ганна" in {contact.name for contact in ganna}
    local.refused(ValidationError, amo.contacts.update, ganna[0])
    local.api("POST", f"leads/{made.id}/link", [{"to_entity_id": ganna[0].id, "to_entity_type": "contacts"}])
    local.refused(ValidationError, amo.leads.links, made.id)
    # amoCRM has no such method.
    assert local.refused(requests.HTTPError, amo.leads.delete, made.id).response.status_code == 405


async def asynchronously(amo: AsyncAmoSession) -> None:
    found = await amo.leads.get_all(limit=500)
    assert len({lead.id for lead in found}) == 500
    made = (await amo.leads.create([LeadSchema(name="Асинхронно", price=1)]))[0]
    lead = await amo.leads.get_by_id(made.id)
    lead.name = "Синхронно"
    await amo.leads.update(lead)
    assert (await amo.leads.get_by_id(made.id)).name == "Синхронно"
    assert await amo.contacts.get_by_id(1) is None
    assert (await local.refused_soon(httpx.HTTPStatusError, amo.leads.delete(made.id))).response.status_code == 405
    await amo.async_session.aclose()


local.without_limit()
token = local.tokens()["access_token"]
reads(AmoSession(token, local.SUBDOMAIN))
writes(AmoSession(token, local.SUBDOMAIN))
asyncio.run(asynchronously(AsyncAmoSession(token, local.SUBDOMAIN)))
local.finish("account, leads, contacts, pipelines, users, at once and asynchronously")
