"""Drives the local amoCRM with amochka, which takes only addresses of amoCRM's own domains."""

import json
import time
from pathlib import Path

import local_amocrm as local
from amochka import AmoCRMClient, APIError, CacheConfig, NotFoundError

TOKEN_FILE = Path("token.json")


def connect() -> AmoCRMClient:
    pair = local.tokens()
    TOKEN_FILE.write_text(json.dumps(pair | {"expires_at": str(time.time() + pair["expires_in"])}))
    return AmoCRMClient(
        local.BASE,
        token_file=str(TOKEN_FILE),
        cache_config=CacheConfig.disabled(),
        disable_logging=True,
        client_id=local.CLIENT_ID,
        client_secret=local.CLIENT_SECRET,
        redirect_uri=local.REDIRECT_URI,
    )


def reads(amo: AmoCRMClient) -> None:
    assert amo.get_account(with_=["users_groups", "version"])["id"] == local.ACCOUNT
    assert {kind["id"] for kind in amo.get_task_types()} >= {1, 2}
    leads = amo.fetch_leads(include_contacts=True, include="loss_reason,catalog_elements")
    assert len({lead["id"] for lead in leads}) == local.LEADS
    rent = amo.fetch_leads(pipeline_ids=[local.RENT])
    assert rent and {lead["pipeline_id"] for lead in rent} == {local.RENT}
    since = max(lead["updated_at"] for lead in leads) - 3600
    recent = amo.fetch_updated_leads_raw(local.PIPELINE, updated_from=since)
    assert recent and all(lead["updated_at"] >= since for lead in recent)
    assert len(amo.get_pipelines()) == 2
    assert local.ADMIN in {user["id"] for user in amo.fetch_users()}
    assert amo.find_custom_field_id("тип объекта")[0] == local.OBJECT_TYPE
    local.refused(NotFoundError, amo.get_deal_by_id, 1)
    # It asks for bots of a salesbot, which the local amoCRM leaves out.
    local.refused(NotFoundError, amo.fetch_bots)


def writes(amo: AmoCRMClient) -> None:
    contact = amo.create_contact(
        {
            "name": "Марта Ященко",
            "custom_fields_values": [{"field_code": "PHONE", "values": [{"value": "+380501112233", "enum_code": "MOB"}]}],
        }
    )["id"]
    lead = amo.create_lead(
        {
            "name": "Будинок біля лісу",
            "price": 250_000,
            "pipeline_id": local.PIPELINE,
            "status_id": local.FIRST_STAGE,
            "тип объекта": local.HOUSE,
            "адреса": "Лісова, 7",
            "tags_to_add": ["amochka", {"name": "ліс"}],
        }
    )["id"]
    linked = amo.link_entity("lead", lead, contact, "contact", metadata={"is_main": True})
    assert linked[0]["to_entity_id"] == contact, linked
    links = amo.get_entity_links("lead", lead)
    assert [(link["to_entity_id"], link["metadata"]["main_contact"]) for link in links] == [(contact, True)], links
    assert amo.get_contact_by_id(contact, include="leads")["_embedded"]["leads"][0]["id"] == lead
    assert contact in {found["id"] for found in amo.fetch_contacts(query="050 111-22-33")}

    amo.update_lead(
        lead,
        {"price": 240_000, "status_id": local.SECOND_STAGE, str(local.AREA): "180"},
        tags_to_add=["торг"],
        tags_to_delete=["ліс"],
    )
    deal = amo.get_deal_by_id(lead)
    assert (deal["price"], deal["status_id"], deal["Адреса"]) == (240_000, local.SECOND_STAGE, "Лісова, 7"), deal
    assert (deal.get("тип объекта"), deal.get_id(local.OBJECT_TYPE)) == ("Будинок", local.HOUSE), deal
    assert {tag["name"] for tag in deal["_embedded"]["tags"]} == {"amochka", "торг"}, deal
    refusal = local.refused(APIError, amo.create_lead, {"name": "Nowhere", "status_id": 1})
    assert refusal.status_code == 400 and "NotSupportedChoice" in str(refusal), refusal

    note = amo.add_entity_note("lead", lead, "common", {"text": "Передзвонити"}, request_id="a note")
    assert (note["entity_id"], note["request_id"]) == (lead, "a note"), note
    amo.add_entity_notes("contact", [{"entity_id": contact, "note_type": "common", "params": {"text": "Любить ліс"}}])
    assert amo.get_deal_note(lead, note["id"])["params"]["text"] == "Передзвонити"
    assert [found["id"] for found in amo.get_deal_notes(lead, note_type="common", get_all=True)] == [note["id"]]
    assert amo.get_contact_notes(contact)[0]["params"]["text"] == "Любить ліс"
    assert [found["id"] for found in amo.fetch_notes("lead", entity_ids=[lead], note_type=["common"])] == [note["id"]]

    changed = amo.get_deal_events(lead, event_type="lead_status_changed", get_all=True)
    assert [event["value_after"][0]["lead_status"]["id"] for event in changed] == [local.SECOND_STAGE], changed
    assert amo.get_event(changed[0]["id"])["entity_id"] == lead
    assert amo.get_contact_events(contact)
    since = deal["updated_at"] - 60
    assert {event["type"] for event in amo.fetch_events(created_from=since)} >= {"lead_added", "contact_added"}


def tasks(amo: AmoCRMClient) -> None:
    # It reads tasks only.
    lead = amo.create_lead({"name": "Задача"})["id"]
    till = int(time.time()) + 3600
    task = {"text": "Показ", "complete_till": till, "task_type_id": 2, "entity_type": "leads", "entity_id": lead}
    amo._make_request("POST", "/api/v4/tasks", data=[task])
    found = amo.fetch_tasks(entity_type="leads", entity_ids=[lead], task_type_id=2, order_created="asc")
    assert [(task["text"], task["complete_till"]) for task in found] == [("Показ", till)], found


def tokens_of(amo: AmoCRMClient) -> None:
    before = amo.refresh_token
    local.expire()
    assert amo.get_account()["id"] == local.ACCOUNT
    assert local.refreshes() == 1 and amo.refresh_token != before
    assert json.loads(TOKEN_FILE.read_text())["refresh_token"] == amo.refresh_token


local.without_limit()
amo = connect()
amo.rate_limit = 1000
reads(amo)
writes(amo)
tasks(amo)
tokens_of(amo)
local.finish("account, leads, contacts, links, notes, tasks, events, fields, users, refresh")
