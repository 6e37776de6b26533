"""Drives the local amoCRM with senzib's client of amoCRM, which speaks https; it refreshes without a redirect URI."""

import local_amocrm as local
from senzib.integrations.amocrm.auth import AmoAuthError, exchange_code_for_tokens, is_token_expired, refresh_tokens
from senzib.integrations.amocrm.client import AmoCRMClient
from senzib.integrations.amocrm.private_api import get_leads_count_private_with_token
from senzib.integrations.amocrm.utils import build_pipeline_status_map, get_custom_field_value


def reads(amo: AmoCRMClient) -> None:
    assert len({lead["id"] for lead in amo.get_all_leads(max_pages=None)}) == local.LEADS
    assert len(amo.get_all_leads(limit=100, max_pages=1, extra_params={"order[id]": "asc"})) == 100
    assert amo.get_user(local.AGENT)["email"] == "andrew@foryou.example" and amo.get_user(1) is None
    assert amo.get_users()["_total_items"] == 4
    stages = build_pipeline_status_map(amo.get_pipelines())
    assert {local.WON, local.LOST} <= set(stages[local.PIPELINE]), stages
    assert amo.get_leads_custom_fields()["_embedded"]["custom_fields"]
    assert amo.get_contacts_custom_fields()["_embedded"]["custom_fields"]
    assert amo.get_lead(1) is None and amo.get_contact(1) is None
    # It counts leads by a page of amoCRM's own, which the local amoCRM leaves out.
    assert get_leads_count_private_with_token(amo.domain, amo.access_token, stages) is None


def writes(amo: AmoCRMClient) -> None:
    lead = amo.get_all_leads(limit=1, max_pages=1)[0]["id"]
    fields = {"address": local.ADDRESS, "area": local.AREA, "type": local.OBJECT_TYPE}
    answer = amo.update_lead_fields(lead, {"address": "вул. Садова, 1", "area": 77, "type": "Townhouse"}, fields)
    assert answer.status_code == 200, answer.text
    values = amo.get_lead(lead)["custom_fields_values"]
    got = {name: get_custom_field_value(values, field) for name, field in fields.items()}
    assert got == {"address": "вул. Садова, 1", "area": "77", "type": "Townhouse"}, got
    assert amo.update_lead_fields(lead, {"address": 5}, {"address": 1}).status_code == 400


local.without_limit()
app = (local.HOST, local.CLIENT_ID, local.CLIENT_SECRET)
pair = exchange_code_for_tokens(*app, local.code(), local.REDIRECT_URI)
assert not is_token_expired(pair)
amo = AmoCRMClient(local.HOST, pair["access_token"], page_sleep=0)
reads(amo)
writes(amo)
# amoCRM wants the redirect URI, says one source; this client lives without, says another.
refusal = local.refused(AmoAuthError, refresh_tokens, *app, pair["refresh_token"])
assert "400" in str(refusal), refusal
local.control("PATCH", "/faults", {"refresh_redirect_uri": "optional"})
assert refresh_tokens(*app, pair["refresh_token"])["refresh_token"] != pair["refresh_token"]
local.finish("leads, contacts, fields, pipelines, users, tokens")
