"""Drives the local amoCRM with kommo-sdk-data-engineer, which reads only and takes no member that it does not know."""

import local_amocrm as local
from kommo_sdk_data_engineer import Contacts, KommoConfig, Leads, Pipelines, Users

# It waits a sixth of a second before each page, and asks for six pages at a time.
local.without_limit()
config = KommoConfig(url_company=local.BASE, token_long_duration=local.tokens()["access_token"])


def reads() -> None:
    leads = Leads(config)
    found = leads.get_all_leads_list(with_params=["contacts", "loss_reason", "catalog_elements", "source_id"])
    assert len({lead.id for lead in found}) == local.LEADS, len(found)
    assert leads.all_custom_field_values() and leads.all_tags() and leads.all_contacts() and leads.all_companies()
    assert leads.to_dataframe(found).shape[0] == local.LEADS
    assert len(leads.get_leads_list(page=2, limit=50)) == 50

    contacts = Contacts(config)
    assert contacts.get_all_contacts_list(with_params=["leads", "catalog_elements"])
    assert contacts.all_leads() and contacts.all_custom_field_values()

    pipelines = Pipelines(config)
    assert [pipeline.id for pipeline in pipelines.get_pipelines_list()] == [local.PIPELINE, local.RENT]
    assert len(pipelines.all_statuses()) == 15
    users = Users(config)
    assert {local.ADMIN, local.AGENT} <= {user.id for user in users.get_all_users_list(with_params=["group"])}


reads()
local.finish("leads, contacts, pipelines, users")
