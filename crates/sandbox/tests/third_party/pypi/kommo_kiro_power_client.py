"""Drives the local amoCRM with kommo-kiro-power, an MCP server for https://SUBDOMAIN.kommo.com.

Its answers have schemas, which both sides of MCP check.
"""

import time
from pathlib import Path

import local_amocrm as local
import mcp_server

NOW = int(time.time())


async def leads(call: mcp_server.Call) -> None:
    listed = await call("list_leads", pipeline_id=local.PIPELINE, stage_id=local.WON, limit=30)
    assert listed and {lead["status_id"] for lead in listed} == {local.WON}, listed
    values = [{"field_id": local.OBJECT_TYPE, "values": [{"enum_id": local.HOUSE}]}]
    made = await call(
        "create_lead",
        name="Vila",
        pipeline_id=local.PIPELINE,
        stage_id=local.FIRST_STAGE,
        price=50_000,
        tags=["praia", "luxo"],
        custom_fields_values=values,
        responsible_user_id=local.AGENT,
    )
    lead = made["id"]
    await call("update_lead", lead_id=lead, fields={"name": "Vila Nova", "price": 52_000})
    await call("move_lead_stage", lead_id=lead, stage_id=local.RENT_STAGE, pipeline_id=local.RENT)
    found = await call("get_lead", lead_id=lead)
    assert (found["name"], found["price"], found["status_id"]) == ("Vila Nova", 52_000, local.RENT_STAGE), found
    assert found["responsible_user_id"] == local.AGENT and found["custom_fields_values"][0]["values"][0]["value"] == "Будинок"
    await call("add_tag", lead_id=lead, tag_name="urgente")
    await call("remove_tag", lead_id=lead, tag_name="luxo")
    found = await call("get_lead", lead_id=lead)
    assert {tag["name"] for tag in found["_embedded"]["tags"]} == {"praia", "urgente"}, found
    assert {"praia", "luxo", "urgente"} <= {tag["name"] for tag in await call("list_tags", entity_type="lead")}
    updated = await call("bulk_update_leads", leads_updates=[{"id": lead, "fields": {"price": 53_000}}])
    assert updated["_embedded"]["leads"][0]["id"] == lead, updated
    # amoCRM deletes no lead by its API, and takes no notice of the member that this sends.
    await call("delete_lead", lead_id=lead)
    assert (await call("get_lead", lead_id=lead))["is_deleted"] is False
    whole = await call(
        "create_lead_complex",
        name="Apartamento",
        contact_name="João",
        contact_phone="+5511999990000",
        contact_email="joao@example.com",
        company_name="Casa Ltda",
        tags=["praia"],
    )
    contact = await call("get_contact", contact_id=whole["contact_id"])
    values = {value["field_code"]: value["values"][0]["value"] for value in contact["custom_fields_values"]}
    assert values == {"PHONE": "+5511999990000", "EMAIL": "joao@example.com"} and whole["company_id"], values
    assert (await call("add_note", lead_id=lead, text="Ligar amanhã"))["id"]
    await call("create_task", lead_id=lead, text="Visita", due_date=NOW - 60)
    await call("create_task", lead_id=lead, text="Contrato", due_date=NOW + 9_000, responsible_user_id=local.ADMIN)
    assert [task["text"] for task in await call("list_tasks", lead_id=lead)] == ["Visita", "Contrato"]
    late = await call("list_tasks", lead_id=lead, filter_overdue=True, limit=10, page=1)
    assert "Visita" in {task["text"] for task in late["items"]} and late["has_next"] is False, late


async def others(call: mcp_server.Call) -> None:
    contact = (await call("create_contact", name="Maria Silva", phone="+55 11 98888-7777"))["id"]
    await call("update_contact", contact_id=contact, fields={"first_name": "Mariana"})
    assert (await call("get_contact", contact_id=contact))["first_name"] == "Mariana"
    assert contact in {found["id"] for found in await call("list_contacts", query="988887777")}
    page = await call("list_contacts", limit=5, page=2)
    assert len(page["items"]) == 5 and page["has_next"] is True, page
    company = (await call("create_company", name="Imobiliária"))["id"]
    newest = await call("list_companies", limit=250)
    assert company in {found["id"] for found in newest}
    assert {pipeline["id"] for pipeline in await call("list_pipelines")} == {local.PIPELINE, local.RENT}
    assert len(await call("list_stages", pipeline_id=local.PIPELINE)) == 8
    field = await call("create_custom_field", entity_type="leads", field_type="select", name="Zona", enum_values=["N", "S"])
    assert [choice["value"] for choice in field["enums"]] == ["N", "S"], field
    assert field["id"] in {found["id"] for found in await call("list_custom_fields", entity_type="leads")}


async def drive(call: mcp_server.Call, offered: set[str]) -> None:
    assert len(offered) == 30, offered
    await leads(call)
    await others(call)
    local.expire()
    assert (await call("list_contacts", limit=1)) and local.refreshes() == 1


local.without_limit()
pair = local.tokens()
# It keeps rotated tokens beside its own package.
kept = Path(__import__("kommo_mcp").__file__).parent.parent / ".env"
kept.unlink(missing_ok=True)
mcp_server.run(
    "kommo-mcp",
    drive,
    KOMMO_SUBDOMAIN=local.SUBDOMAIN,
    KOMMO_CLIENT_ID=local.CLIENT_ID,
    KOMMO_CLIENT_SECRET=local.CLIENT_SECRET,
    KOMMO_REDIRECT_URI=local.REDIRECT_URI,
    KOMMO_ACCESS_TOKEN=pair["access_token"],
    KOMMO_REFRESH_TOKEN=pair["refresh_token"],
)
local.finish("leads, complex, contacts, companies, tags, notes, tasks, fields, pipelines, refresh")
