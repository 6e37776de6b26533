"""Drives the local amoCRM with apiAmoCRM, which asks https://SUBDOMAIN.amocrm.ru."""

import local_amocrm as local
import requests
from amoApi import AmoClient
from amoApi.amoEntities import CustomField


def reads(amo: AmoClient) -> None:
    leads = amo.get_leads({"limit": 250, "page": 1, "with": "contacts"})
    assert len({lead.get_id() for lead in leads}) == 250
    with_contact = next(lead for lead in leads if lead.get_json()["_embedded"]["contacts"])
    contact = with_contact.get_contacts()[0]
    read = amo.get_contact(contact.get_id())
    assert with_contact.get_id() in {lead.get_id() for lead in read.get_leads()}
    company = amo.get_companies({"limit": 1})[0]
    assert amo.get_company(company.id).name == company.name
    assert {user.get_id() for user in amo.get_users()} >= {local.ADMIN, local.AGENT}
    assert len(amo.get_pipelines()["_embedded"]["pipelines"]) == 2
    assert local.OBJECT_TYPE in {field.get_id() for field in amo.get_cfs("leads")}
    # It writes the path of the API twice, and it expects a body where there is none.
    assert local.refused(requests.HTTPError, amo.get_lead_links, 1).response.status_code == 404
    local.refused(requests.JSONDecodeError, amo.get_lead, 1)


def writes(amo: AmoClient) -> None:
    lead = amo.create_lead([{"name": "Склад", "price": 1000, "custom_fields_values": None}])
    lead_id = lead.get_id()
    lead.add_text_note("Без вікон")
    notes = amo._get(f"leads/{lead_id}/notes")["_embedded"]["notes"]
    assert [note["params"]["text"] for note in notes] == ["Без вікон"], notes
    # What it has read it sends back whole.
    lead = amo.get_lead(lead_id)
    lead.set_price(900)
    lead.get_json()["custom_fields_values"] = []
    lead.patch()
    lead = amo.get_lead(lead_id)
    lead.get_json().pop("custom_fields_values")
    lead.set_name("Великий склад")
    lead.patch()
    lead = amo.get_lead(lead_id)
    assert (lead.get_name(), lead.get_price()) == ("Великий склад", 900), lead.get_json()

    text = {"field_id": local.ADDRESS, "values": [{"value": "Промзона"}]}
    made = amo.complex_create_lead([{"name": "Ангар"}], [{"first_name": "Комірник"}], [text])
    hangar = amo.get_lead(made.id, {"with": "contacts"})
    assert hangar.get_json()["custom_fields_values"][0]["values"][0]["value"] == "Промзона"
    keeper = hangar.get_contacts()[0]
    assert keeper.get_name() == "Комірник"
    keeper.set_last_name("Сидоренко")
    keeper.get_json().pop("custom_fields_values")
    keeper.patch()
    keeper = amo.get_contact(keeper.get_id())
    assert keeper.get_json()["last_name"] == "Сидоренко", keeper.get_json()

    field = CustomField(amo, [{"name": "Висота стелі", "type": "numeric"}])
    made = amo.create_cf(field, "leads")["_embedded"]["custom_fields"][0]
    assert made["id"] in {field.get_id() for field in amo.get_cfs("leads")}
    source = amo.create_source("Оголошення", "board")["_embedded"]["sources"][0]
    assert amo.get_sources()["_embedded"]["sources"][0]["external_id"] == "board"
    # It expects a body where there is none.
    local.refused(requests.JSONDecodeError, amo.delete_source, source["id"])
    local.refused(requests.JSONDecodeError, amo.get_sources)


local.without_limit()
amo = AmoClient(local.tokens()["access_token"], local.SUBDOMAIN)
reads(amo)
writes(amo)
local.revoke()
assert local.refused(requests.HTTPError, amo.get_leads).response.status_code == 401
local.finish("leads, complex, contacts, companies, notes, fields, sources, users, a refusal")
