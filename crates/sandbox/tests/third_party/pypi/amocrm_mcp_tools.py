"""The tools that amocrm-mcp and its fork offer; all of them read."""

import subprocess
import time

import local_amocrm as local
import mcp_server


def set_up(*answers: str) -> None:
    """Logs in with the program of the package that asks for each thing."""
    subprocess.run(
        [mcp_server.program("amocrm-mcp-auth")],
        input="\n".join(answers) + "\n",
        text=True,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def seed() -> dict[str, int]:
    """What the tools find besides the made-up data; they write nothing themselves."""
    lead = local.api("POST", "leads", [{"name": "Для довідки", "price": 777_777}])["_embedded"]["leads"][0]["id"]
    local.api("POST", f"leads/{lead}/notes", [{"note_type": "common", "params": {"text": "Нотатка"}}])
    task = {"text": "Справа", "complete_till": int(time.time()) + 60, "entity_id": lead, "entity_type": "leads"}
    local.api("POST", "tasks", [task])
    form = {"form_id": "1", "form_name": "Форма", "form_page": "https://a.example", "form_sent_at": int(time.time())}
    unsorted = {"source_uid": "1", "source_name": "Сайт", "metadata": form, "_embedded": {"leads": [{"name": "Заявка"}]}}
    local.api("POST", "leads/unsorted/forms", [unsorted])
    local.api("POST", "leads/tags", [{"name": "довідка"}])
    return {"lead": lead}


async def drive(call: mcp_server.Call, lead: int) -> None:
    """Calls each tool but those that read all leads."""
    assert {pipeline["id"] for pipeline in await call("get_pipelines")} == {local.PIPELINE, local.RENT}
    dear = await call("get_leads", price_from=777_777, price_to=777_777, with_contacts=True, with_loss_reason=True)
    assert [found["id"] for found in dear] == [lead], dear
    page = await call("get_leads", pipeline_id=local.RENT, order_by="updated_at", order_dir="desc", limit=20)
    assert len(page) == 20 and {found["pipeline_id"] for found in page} == {local.RENT}
    assert await call("get_contacts", query="Руденко", with_leads=True, with_customers=True)
    assert len(await call("get_companies", limit=5, with_leads=True, with_contacts=True)) == 5
    notes = await call("get_notes", entity_type="leads", entity_ids=[lead], note_types=["common"])
    assert [note["params"]["text"] for note in notes] == ["Нотатка"], notes
    tasks = await call("get_tasks", is_completed=False, order_by="created_at", order_dir="desc")
    assert "Справа" in {task["text"] for task in tasks}, tasks
    added = await call("get_events", entity_type="leads", event_types=["lead_added"], limit=10)
    assert lead in {event["entity_id"] for event in added}, added
    waiting = await call("get_unsorted", category="forms", pipeline_id=local.PIPELINE)
    assert "Сайт" in {found["source_name"] for found in waiting}, waiting
    assert local.AGENT in {user["id"] for user in await call("get_users")}
    for entity in ["leads", "contacts", "companies"]:
        assert await call("get_custom_fields", entity=entity)
    assert len(await call("get_loss_reasons")) > 1
    assert "довідка" in {tag["name"] for tag in await call("get_tags", entity="leads")}
    # There are none of these in the local amoCRM.
    assert await call("get_customers") == await call("get_catalogs") == await call("get_sources") == []


async def drive_sums(call: mcp_server.Call) -> None:
    """Calls the tools that read all leads."""
    sums = await call("count_and_sum_leads")
    # The form has a lead too.
    assert sums["count"] == local.LEADS + 2 == sum(part["count"] for part in sums["by_pipeline"]), sums
    active = await call("count_and_sum_leads", exclude_closed=True, responsible_user_ids=[local.ADMIN, local.AGENT])
    assert 0 < active["count"] < sums["count"], active
    groups = await call("get_leads_grouped_by_company", limit=5)
    assert len(groups) == 5 and all(group["company_name"] for group in groups), groups
