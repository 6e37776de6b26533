"""Drives the local amoCRM with kommo-python, which writes two slashes into some addresses, and calls JSON a form."""

import json
import time

import local_amocrm as local
from kommo.client import Client
from kommo.exceptions import UnauthorizedError, WrongFormatInputError


def listed(answer: object, name: str) -> list[dict]:
    # It takes no answer for JSON that is not called application/json.
    return json.loads(answer)["_embedded"][name]


def reads(kommo: Client) -> None:
    assert json.loads(kommo.get_account_info())["id"] == local.ACCOUNT
    assert len(listed(kommo.list_leads(), "leads")) == 50
    assert len(listed(kommo.list_contacts(), "contacts")) == 50
    assert listed(kommo.list_companies(), "companies")
    for fields in [kommo.get_custom_fields_leads(), kommo.get_custom_fields_contacts(), kommo.get_custom_fields_company()]:
        assert listed(fields, "custom_fields")
    # amoCRM has no custom fields of tasks.
    assert json.loads(kommo.get_custom_fields_tasks())["status"] == 404


def writes(kommo: Client) -> None:
    phone = [{"field_code": "PHONE", "values": [{"value": "+4915112345678", "enum_code": "WORK"}]}]
    contact = listed(kommo.create_contact({"name": "Heinz", "first_name": None}, phone), "contacts")[0]["id"]
    company = listed(kommo.create_company({"name": "Haus GmbH"}), "companies")[0]["id"]
    house = [{"field_id": local.OBJECT_TYPE, "values": [{"enum_id": local.HOUSE}]}]
    linked = {"contacts": [{"id": contact}], "companies": [{"id": company}]}
    lead = listed(kommo.create_lead({"name": "Haus", "price": 9, "_embedded": linked}, house), "leads")[0]["id"]
    found = json.loads(kommo.get(f"api/v4/leads/{lead}?with=contacts"))
    assert found["_embedded"]["contacts"][0]["id"] == contact and found["_embedded"]["companies"][0]["id"] == company
    assert found["custom_fields_values"][0]["values"][0]["value"] == "Будинок", found
    till = int(time.time()) + 600
    task = {"text": "Anrufen", "complete_till": till, "entity_id": lead, "entity_type": "leads"}
    task_id = listed(kommo.create_task(task), "tasks")[0]["id"]
    assert listed(kommo.list_tasks(), "tasks") and json.loads(kommo.get(f"api/v4/tasks/{task_id}"))["text"] == "Anrufen"
    refusal = local.refused(WrongFormatInputError, kommo.create_lead, {"name": 7})
    assert "InvalidType" in str(refusal), refusal

    hooks = local.Hooks.listen()
    hook = json.loads(kommo.create_webhook("add_lead", hooks))
    assert (hook["destination"], hook["settings"]) == (hooks, ["add_lead"]), hook
    assert hooks in {found["destination"] for found in listed(kommo.list_webhooks(), "webhooks")}
    kommo.create_lead({"name": "Hütte"})
    local.Hooks.wait_for("leads[add][0][name]=Hütte")
    # It wants to delete a webhook by an id in the address; amoCRM does it by the destination.
    assert json.loads(kommo.delete_webhook(hook["id"]))["status"] == 404


local.without_limit()
kommo = Client(local.CLIENT_ID, local.CLIENT_SECRET, local.HOST, local.REDIRECT_URI)
assert kommo.authorization_url("state").startswith("https://www.kommo.com/oauth?client_id=sandbox&state=state")
pair = kommo.get_access_token(local.code(), local.HOST)
pair = kommo.refresh_access_token(pair["refresh_token"])
kommo.set_token(pair["access_token"])
reads(kommo)
writes(kommo)
local.revoke()
local.refused(UnauthorizedError, kommo.list_leads)
local.finish("account, leads, contacts, companies, tasks, fields, a hook, tokens, a refusal")
