"""Drives the local amoCRM with kommo-sdk-data-engineer, which reads only and takes no member that it does not know."""

import local_amocrm as local
from kommo_sdk_data_engineer import Companies, Contacts, CustomFields, Events, KommoConfig, Leads, Pipelines, Users

# It waits a sixth of a second before each page, and asks for six pages at a time.
local.without_limit()
config = KommoConfig(url_company=local.BASE, token_long_duration=local.tokens()["access_token"])


def cards() -> None:
    leads = Leads(config)
    found = leads.get_all_leads_list(with_params=["contacts", "loss_reason", "catalog_elements", "source_id"])
    assert len({lead.id for lead in found}) == local.LEADS, len(found)
    assert leads.all_custom_field_values() and leads.all_tags() and leads.all_contacts() and leads.all_companies()
    assert leads.to_dataframe(found).shape[0] == local.LEADS
    assert len(leads.get_leads_list(page=2, limit=50)) == 50

    contacts = Contacts(config)
    assert contacts.get_all_contacts_list(with_params=["leads", "catalog_elements"])
    assert contacts.all_leads() and contacts.all_custom_field_values()

    made = [local.api("POST", kind, [{"name": "Partner"}])["_embedded"][kind][0]["id"] for kind in ["companies", "contacts"]]
    local.api("POST", f"companies/{made[0]}/link", [{"to_entity_id": made[1], "to_entity_type": "contacts"}])
    companies = Companies(config)
    found = companies.get_all_companies_list(with_params=["leads", "contacts", "catalog_elements"])
    assert found and companies.all_leads() and companies.all_contacts()
    assert len(companies.get_companies_list(page=1, limit=5)) == 5


def others() -> None:
    pipelines = Pipelines(config)
    assert [pipeline.id for pipeline in pipelines.get_pipelines_list()] == [local.PIPELINE, local.RENT]
    assert len(pipelines.all_statuses()) == 15
    users = Users(config)
    assert {local.ADMIN, local.AGENT} <= {user.id for user in users.get_all_users_list(with_params=["group"])}
    assert users.all_groups()
    fields = CustomFields(config)
    assert local.OBJECT_TYPE in {field.id for field in fields.get_custom_fields_list(1, 250, "leads")}
    assert {choice.value for choice in fields.all_enum_values()} >= {"Будинок"}
    for entity in ["contacts", "companies"]:
        assert fields.get_custom_fields_list(1, 250, entity)


def events() -> None:
    lead = local.api("POST", "leads", [{"name": "Подія"}])["_embedded"]["leads"][0]["id"]
    local.api("PATCH", f"leads/{lead}", {"status_id": local.SECOND_STAGE})
    changed = Events(config).get_all_events_list(events_types=["lead_added", "lead_status_changed"])
    assert {event.type for event in changed if event.entity_id == lead} == {"lead_added", "lead_status_changed"}


cards()
others()
events()
local.finish("leads, contacts, companies, fields, events, pipelines, users")
