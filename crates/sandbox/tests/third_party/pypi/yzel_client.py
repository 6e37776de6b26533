"""Drives the local amoCRM with yzel's connector of amoCRM."""

import asyncio
import time

import local_amocrm as local
from yzel.connectors.amocrm import AmoCRMClient, AmoCRMError

saved = []


async def reads(amo: AmoCRMClient) -> None:
    assert (await amo.get_account(["users_groups", "task_types"]))["name"] == local.ACCOUNT_NAME
    page = await amo.get_leads(limit=250, page=3, with_params=["contacts"])
    assert len(page["_embedded"]["leads"]) == local.LEADS - 500
    rent = await amo.get_leads(filter_params={"pipeline_id": local.RENT})
    assert {lead["pipeline_id"] for lead in rent["_embedded"]["leads"]} == {local.RENT}
    lead = await amo.get_lead(page["_embedded"]["leads"][0]["id"], ["contacts"])
    assert (await amo.get_contact(lead["_embedded"]["contacts"][0]["id"]))["name"]
    assert (await amo.get_contacts(query="Руденко", with_params=["leads"]))["_embedded"]["contacts"]
    assert (await amo.get_pipelines())["_total_items"] == 2
    assert (await amo.get_pipeline(local.PIPELINE))["id"] == local.PIPELINE
    assert await amo.get_lead(1) == {}


async def writes(amo: AmoCRMClient) -> None:
    contacts = (await amo.create_contacts([{"name": "Дарина"}, {"name": "Ярема"}]))["_embedded"]["contacts"]
    await amo.update_contact(contacts[0]["id"], {"last_name": "Сова"})
    assert (await amo.get_contact(contacts[0]["id"]))["last_name"] == "Сова"
    company = (await amo.create_companies([{"name": "Гніздо"}]))["_embedded"]["companies"][0]["id"]
    await amo.update_company(company, {"name": "Два гнізда"})
    assert (await amo.get_company(company))["name"] == "Два гнізда"
    assert company in {found["id"] for found in (await amo.get_companies(query="гнізда"))["_embedded"]["companies"]}
    embedded = {"contacts": [{"id": contact["id"]} for contact in contacts], "companies": [{"id": company}]}
    made = await amo.create_leads([{"name": "Голубник", "price": 300, "_embedded": embedded}])
    lead = made["_embedded"]["leads"][0]["id"]
    await amo.update_lead(lead, {"price": 350, "pipeline_id": local.RENT, "status_id": local.RENT_STAGE})
    lead = await amo.get_lead(lead, ["contacts"])
    assert (lead["price"], lead["pipeline_id"], lead["status_id"]) == (350, local.RENT, local.RENT_STAGE), lead
    assert {contact["id"] for contact in lead["_embedded"]["contacts"]} == {contact["id"] for contact in contacts}
    refusal = await local.refused_soon(AmoCRMError, amo.create_leads([{"name": 5}]))
    assert (refusal.status, refusal.detail) == (400, "Request validation failed"), refusal


async def main() -> None:
    local.without_limit()
    pair = local.tokens()
    amo = AmoCRMClient(
        "foryou",
        pair["access_token"],
        pair["refresh_token"],
        time.time() + pair["expires_in"],
        local.CLIENT_ID,
        local.CLIENT_SECRET,
        local.REDIRECT_URI,
        on_token_refresh=lambda access, refresh, expires_at: saved.append(refresh),
    )
    amo.base_url = local.BASE
    await reads(amo)
    await writes(amo)
    local.expire()
    assert (await amo.get_account())["id"] == local.ACCOUNT
    assert saved and local.refreshes() == 1
    # It renews its refresh token before that has not been used for three months.
    assert await amo.ensure_refresh_fresh(min_remaining_days=100)
    assert len(set(saved)) == 2 and local.refreshes() == 2
    await amo.close()
    local.finish("account, leads, contacts, companies, pipelines, refresh")


asyncio.run(main())
