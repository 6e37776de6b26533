"""Drives the local amoCRM with amocrm-client."""

import asyncio

import local_amocrm as local
from amocrm_client.amocrm_client import AmoCRM
from amocrm_client.internal.amo.amo import BaseAmoCRMAuth


class Auth(BaseAmoCRMAuth):
    token = f"Bearer {local.tokens()['access_token']}"

    async def get_access_token(self):
        return self.token


async def reads(amo: AmoCRM) -> None:
    found = (await amo.lead.query("limit=250&with=contacts"))["data"]
    assert found["result"] and len(found["data"]) == 250, found["result"]
    lead = found["data"][0]
    one = await amo.amo.lead.get_by_id(lead["id"], {"with": "contacts"})
    assert one["data"]["name"] == lead["name"], one
    pipelines = (await amo.pipeline.get())["data"]
    assert {pipeline["id"] for pipeline in pipelines.values()} == {local.PIPELINE, local.RENT}
    assert (await amo.pipeline.get(True))["data"][local.PIPELINE]["statuses"]["Успешно реализовано"]["id"] == local.WON


async def writes(amo: AmoCRM) -> None:
    names = await pipeline_names(amo)
    fields = {"Тип объекта": "Townhouse", "Зручності": ["Балкон", "Ліфт"]}
    lead = (await amo.lead.add("Ряд будинків", names[local.PIPELINE], "Viewing", fields, 7_000))["data"]["id"]
    phone = {"Телефон": "+380991112233", "Должность": "Прораб"}
    contact = (await amo.contact.add("Панас", "Панас", "Мирний", phone))["data"]["id"]
    await amo.contact.edit(contact, last_name="Мирний-Рудченко")
    await amo.contact.edit_custom_field(contact, {"Должность": "Головний"})
    await amo.lead.edit_price(lead, 7_500)
    await amo.lead.edit_custom_field(lead, {"Адреса": "Полтава"})
    link = (await amo.lead.link_with_contact(lead, contact))["data"]
    assert (link["entity_id"], link["to_entity_id"]) == (lead, contact), link
    await amo.contact.link_with_lead(contact, lead)
    await amo.lead.change_status(lead, "Переговоры")
    found = (await amo.amo.lead.get_by_id(lead, {"with": "contacts"}))["data"]
    assert (found["price"], found["status_id"]) == (7_500, local.PIPELINE * 9 + 16), found
    assert [linked["id"] for linked in found["_embedded"]["contacts"]] == [contact], found
    values = {value["field_name"]: [part["value"] for part in value["values"]] for value in found["custom_fields_values"]}
    assert values == {"Тип объекта": ["Townhouse"], "Зручності": ["Балкон", "Ліфт"], "Адреса": ["Полтава"]}, values
    await amo.lead.change_pipeline(lead, names[local.RENT], "Offer made")
    found = (await amo.amo.lead.get_by_id(lead))["data"]
    assert (found["pipeline_id"], found["status_id"]) == (local.RENT, local.RENT * 9 + 12), found
    refusal = await amo.amo.lead.edit({"price": "багато"}, lead)
    assert (refusal["result"], refusal["status_code"]) == (False, 400), refusal
    for entity in ["lead", "contact", "company"]:
        assert (await amo.custom_field.get(entity))["data"]

    form = {"form_id": "1", "form_name": "Форма", "form_page": "https://a.example", "form_sent_at": 1_700_000_000}
    parts = ({"name": "Із форми"}, {"name": "Хтось"}, {"name": "Десь"})
    made = await amo.lead.add_unsorted("forms", "Сайт", names[local.PIPELINE], "uid", form, *parts)
    assert made["result"] and made["data"][0]["uid"], made


async def pipeline_names(amo: AmoCRM) -> dict[int, str]:
    return {pipeline["id"]: name for name, pipeline in (await amo.pipeline.get())["data"].items()}


async def main() -> None:
    local.without_limit()
    amo = AmoCRM.config(local.BASE, Auth())
    await reads(amo)
    await writes(amo)
    local.finish("leads, contacts, links, unsorted, fields, pipelines")


asyncio.run(main())
