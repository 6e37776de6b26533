"""Drives the local amoCRM with amocrm-api-wrapper, which offers nearly all methods of API v4.

It gives `json` to the methods of httpx for GET and DELETE, which take none, so all of those fail. Here they take one.
"""

import time

import httpx
import local_amocrm as local
from amocrm_api import AmoOAuthClient
from amocrm_api.errors import AmoException

saved = []
NOW = int(time.time())


def take_json() -> None:
    for method in ["GET", "DELETE"]:

        def send(self, url, json=None, method=method, **options):
            return self.request(method, url, json=json, **options)

        setattr(httpx.Client, method.lower(), send)


def connect() -> AmoOAuthClient:
    pair = local.tokens()
    return AmoOAuthClient(
        pair["access_token"],
        pair["refresh_token"],
        local.BASE,
        local.CLIENT_ID,
        local.CLIENT_SECRET,
        local.REDIRECT_URI,
        token_store=lambda access, refresh: saved.append(refresh),
    )


def ids(answer: dict, name: str) -> list[int]:
    return [item["id"] for item in answer["_embedded"][name]]


def account_and_people(amo: AmoOAuthClient) -> None:
    account = amo.get_account_info(with_users_groups=True, with_task_types=True, with_version=True, with_drive_url=True)
    assert (account["id"], account["current_user_id"]) == (local.ACCOUNT, local.ADMIN), account
    users = amo.get_users(with_role=True, with_group=True)["_embedded"]["users"]
    assert {user["id"] for user in users} >= {local.ADMIN, local.AGENT}
    assert amo.get_user(local.AGENT, with_role=True, with_group=True)["email"] == "andrew@foryou.example"
    rights = {"leads": {"view": "M", "edit": "M", "add": "A", "delete": "D", "export": "D"}}
    role = ids(amo.create_roles([{"name": "Стажист", "rights": rights}]), "roles")[0]
    amo.update_role(role, {"name": "Помічник"})
    assert amo.get_role(role)["name"] == "Помічник" and role in ids(amo.get_roles(), "roles")
    amo.delete_role(role)
    assert role not in ids(amo.get_roles(), "roles")
    pipelines = ids(amo.get_pipelines(), "pipelines")
    assert pipelines == [local.PIPELINE, local.RENT] and amo.get_pipeline(local.RENT)["id"] == local.RENT
    assert len(amo.get_pipeline_statuses(local.PIPELINE, ["descriptions"])["_embedded"]["statuses"]) == 8
    assert amo.get_pipeline_status(local.PIPELINE, local.LOST)["id"] == local.LOST


def cards(amo: AmoOAuthClient) -> tuple[int, int, int]:
    assert len(list(amo.iter_leads(with_params=["contacts"]))) == local.LEADS
    contact = ids(amo.create_contacts([{"first_name": "Оксана", "last_name": "Гнатюк"}]), "contacts")[0]
    company = ids(amo.create_companies([{"name": "Дах", "request_id": "дах"}]), "companies")[0]
    answer = amo.create_leads([{"name": "Дача", "price": 40_000}, {"name": "Гараж", "request_id": "my own"}])
    assert [lead["request_id"] for lead in answer["_embedded"]["leads"]] == ["0", "my own"], answer
    lead, garage = ids(answer, "leads")
    amo.update_leads([{"id": lead, "price": 45_000}, {"id": garage, "status_id": local.LOST, "loss_reason_id": reason(amo)}])
    amo.update_contacts([{"id": contact, "last_name": "Гнатюк-Біла"}])
    amo.update_companies([{"id": company, "name": "Дах і стіни"}])
    assert amo.get_contact(contact)["name"] == "Оксана Гнатюк-Біла" and amo.get_company(company)["name"] == "Дах і стіни"
    lost = amo.get_lead(garage, ["loss_reason"])
    assert lost["_embedded"]["loss_reason"][0]["name"] == "Передумали" and lost["closed_at"], lost
    found = amo.get_leads(filters={"price__from": 44_999, "price__to": 45_001, "id": [lead, garage]}, order={"id": "asc"})
    assert ids(found, "leads") == [lead], found
    assert ids(amo.get_leads(filter_ids=[lead, garage]), "leads")
    assert contact in ids(amo.get_contacts(query="Гнатюк", with_params=["leads", "customers"]), "contacts")
    assert company in [found["id"] for found in amo.iter_companies(order={"updated_at": "desc"})]

    amo.link_leads_entity(
        lead,
        [
            {"to_entity_id": contact, "to_entity_type": "contacts", "metadata": {"is_main": True}},
            {"to_entity_id": company, "to_entity_type": "companies"},
        ],
    )
    links = amo.get_leads_links(lead)["_embedded"]["links"]
    assert {(link["to_entity_type"], link["to_entity_id"]) for link in links} == {("contacts", contact), ("companies", company)}
    only = amo.get_leads_links(lead, {"to_entity_type": "companies"})["_embedded"]["links"]
    assert [link["to_entity_id"] for link in only] == [company], only
    amo.link_contacts_entity(contact, [{"to_entity_id": company, "to_entity_type": "companies"}])
    assert amo.get_companies_links(company)["_embedded"]["links"]
    assert amo.unlink_leads_entity(lead, [{"to_entity_id": company, "to_entity_type": "companies"}]) == {}
    assert amo.get_lead(lead, ["contacts"])["_embedded"]["companies"] == []
    new = amo.create_leads_complex(
        [{"name": "Усе разом", "_embedded": {"contacts": [{"first_name": "Лев"}], "companies": [{"name": "Лев і син"}]}}]
    )
    assert new[0]["contact_id"] and new[0]["company_id"], new
    refusal = local.refused(AmoException, amo.create_leads, [{"name": "ok"}, {"price": "many"}])
    assert refusal.code == 400 and refusal.error_data["validation-errors"][0]["request_id"] == "1", refusal
    return lead, contact, company


def reason(amo: AmoOAuthClient) -> int:
    made = ids(amo.create_loss_reasons([{"name": "Подорожчало", "sort": 7}]), "loss_reasons")[0]
    amo.update_loss_reasons([{"id": made, "name": "Передумали"}])
    assert amo.get_loss_reason(made)["name"] == "Передумали" and made in ids(amo.get_loss_reasons(), "loss_reasons")
    spare = ids(amo.create_loss_reasons([{"name": "Зайва"}]), "loss_reasons")[0]
    amo.delete_loss_reason(spare)
    assert spare not in ids(amo.get_loss_reasons(), "loss_reasons")
    return made


def tags(amo: AmoOAuthClient, lead: int) -> None:
    made = amo.add_tags_for_entity_type("leads", [{"name": "дача"}, {"name": "літо", "color": "FFCE5A"}])
    summer = ids(made, "tags")[1]
    assert ids(amo.get_tags_by_entity_type("leads", filters={"name": "літо"}), "tags") == [summer]
    assert ids(amo.add_tags_for_entity_type("leads", [{"name": "літо"}]), "tags") == [summer]
    amo.update_leads([{"id": lead, "_embedded": {"tags": [{"id": summer}]}}])
    assert amo.get_lead(lead)["_embedded"]["tags"] == [{"id": summer, "name": "літо", "color": "FFCE5A"}]
    assert summer in [tag["id"] for tag in amo.iter_tags_by_entity_type("leads")]


def notes_and_tasks(amo: AmoOAuthClient, lead: int, contact: int) -> None:
    common = {"note_type": "common", "params": {"text": "Є криниця"}}
    call = {"note_type": "call_in", "params": {"uniq": "1", "duration": 60, "source": "АТС", "link": "", "phone": "+380"}}
    note = ids(amo.create_entity_note("leads", [common], lead), "notes")[0]
    ids(amo.create_entity_note("contacts", [call | {"entity_id": contact}]), "notes")
    amo.update_entity_note("leads", lead, note, {"note_type": "common", "params": {"text": "Є дві криниці"}})
    assert amo.get_entity_note("leads", note, lead)["params"]["text"] == "Є дві криниці"
    more = {"id": note, "entity_id": lead, "note_type": "common", "params": {"text": "Криниць нема"}}
    amo.update_entity_many_notes("leads", [more])
    assert amo.get_entity_note("leads", note)["params"]["text"] == "Криниць нема"
    assert amo.pin_note("leads", lead, note) == {}
    pinned = amo.get_notes_by_entity_type_and_entity_id("leads", lead, filter_by_note_type="common", with_params=["is_pinned"])
    assert [found["is_pinned"] for found in pinned["_embedded"]["notes"]] == [True], pinned
    assert amo.unpin_note("leads", lead, note) == {}
    calls = amo.get_notes_by_entity_type("contacts", filter_by_note_type=["call_in"], filter_by_entity_id=[contact])
    assert [found["params"]["duration"] for found in calls["_embedded"]["notes"]] == [60], calls

    task = {"text": "Показ дачі", "complete_till": NOW + 7200, "task_type_id": 2, "entity_id": lead, "entity_type": "leads"}
    first, second = ids(amo.add_tasks([task, {"text": "Прибрати", "complete_till": NOW + 100}]), "tasks")
    assert amo.get_lead(lead)["closest_task_at"] == NOW + 7200
    amo.update_tasks([{"id": first, "text": "Показ дачі вдруге", "responsible_user_id": local.AGENT}])
    amo.execution_task(second, True, "Чисто")
    done = amo.get_task(second)
    assert done["is_completed"] and done["result"]["text"] == "Чисто" and done["entity_id"] is None, done
    mine = amo.get_tasks(filters={"responsible_user_id": local.AGENT, "is_completed": 0}, order={"complete_till": "asc"})
    assert first in ids(mine, "tasks")
    assert second in [found["id"] for found in amo.iter_tasks(filters={"is_completed": 1})]


def fields(amo: AmoOAuthClient, lead: int) -> None:
    for read in [amo.get_leads_custom_fields, amo.get_contacts_custom_fields, amo.get_companies_custom_fields]:
        assert read(page=1, limit=50, order={"sort": "asc"})["_embedded"]["custom_fields"]
    assert ids(amo.get_leads_custom_fields(field_type="select"), "custom_fields") == [local.OBJECT_TYPE]
    made = amo.create_leads_custom_fields(
        [
            {"name": "Опалення", "type": "select", "enums": [{"value": "Газ", "sort": 1}, {"value": "Дрова", "sort": 2}]},
            {"name": "Поверх", "type": "numeric", "code": "FLOOR"},
        ]
    )["_embedded"]["custom_fields"]
    heating, floor = made
    wood = heating["enums"][1]["id"]
    amo.update_leads(
        [
            {
                "id": lead,
                "custom_fields_values": [
                    {"field_id": heating["id"], "values": [{"enum_id": wood}]},
                    {"field_code": "FLOOR", "values": [{"value": 2}]},
                ],
            }
        ]
    )
    values = {value["field_id"]: value["values"][0] for value in amo.get_lead(lead)["custom_fields_values"]}
    assert values[heating["id"]]["value"] == "Дрова" and float(values[floor["id"]]["value"]) == 2, values
    amo.update_leads_custom_fields([{"id": floor["id"], "name": "На якому поверсі"}])
    assert amo.get_leads_custom_field(floor["id"])["name"] == "На якому поверсі"
    amo.delete_leads_custom_field(floor["id"])
    assert floor["id"] not in {value["field_id"] for value in amo.get_lead(lead)["custom_fields_values"]}
    group = ids(amo.create_leads_custom_field_groups([{"name": "Технічне", "sort": 5}]), "custom_field_groups")[0]
    amo.update_leads_custom_field_group(group, {"name": "Технічні дані"})
    groups = {found["id"]: found["name"] for found in amo.get_leads_custom_field_groups()["_embedded"]["custom_field_groups"]}
    assert groups[group] == "Технічні дані" and "statistic" in groups, groups
    amo.delete_leads_custom_field_group(group)


def unsorted(amo: AmoOAuthClient) -> None:
    form = {"form_id": "site", "form_name": "Заявка", "form_page": "https://a.example", "form_sent_at": NOW, "ip": "127.0.0.1"}
    parts = {"contact": {"name": "Гість"}, "lead": {"name": "Із сайту"}, "company": {"name": "Гостинець"}}
    made = amo.create_unsorted_by_form("uid", "Сайт", form, pipeline_id=local.PIPELINE, request_id="form", **parts)
    made = made["_embedded"]["unsorted"][0]
    assert made["request_id"] == "form" and amo.get_unsorted_by_uid(made["uid"])["category"] == "forms"
    sip = {"from": "+380441112233", "phone": "135", "called_at": NOW, "duration": 5, "link": "https://a.example/1.mp3"}
    call = amo.create_unsorted_by_sip("uid", "АТС", sip | {"service_code": "pbx", "uniq": "u"}, **parts)
    call = call["_embedded"]["unsorted"][0]["uid"]
    waiting = amo.get_unsorted_leads(filter_by_category=["forms", "sip"], order_by={"created_at": "asc"})
    assert {made["uid"], call} <= {found["uid"] for found in waiting["_embedded"]["unsorted"]}, waiting
    accepted = amo.accept_unsorted(made["uid"], local.AGENT, local.SECOND_STAGE)
    lead = amo.get_lead(accepted["_embedded"]["leads"][0]["id"], ["contacts"])
    assert (lead["name"], lead["status_id"]) == ("Із сайту", local.SECOND_STAGE), lead
    assert amo.get_contact(lead["_embedded"]["contacts"][0]["id"])["name"] == "Гість"
    declined = amo.decline_unsorted(call)
    assert declined["uid"] == call and amo.get_lead(declined["_embedded"]["leads"][0]["id"]) == {}
    summary = amo.get_summary_unsorted(created_at__from=NOW - 3600)
    assert (summary["accepted"], summary["declined"]) == (1, 1), summary


def events_and_hooks(amo: AmoOAuthClient, lead: int) -> None:
    hooks = local.Hooks.listen()
    amo.subscribe_webhook(hooks, ["update_lead", "add_contact"])
    assert [hook["destination"] for hook in amo.get_webhooks(hooks)["_embedded"]["webhooks"]] == [hooks]
    amo.update_leads([{"id": lead, "name": "Дача з садом"}])
    local.Hooks.wait_for("leads[update][0][name]=Дача з садом")
    assert amo.unsubscribe_webhook(hooks) == {}
    assert amo.get_webhooks(hooks) == {}

    kinds = amo.get_events_type(language_code="ru")["_embedded"]["events_types"]
    assert {"lead_added", "entity_linked"} <= {kind["key"] for kind in kinds}
    found = amo.get_events(filter_by_entity="lead", filter_by_entity_id=[lead], with_params=["lead_name"])["_embedded"]["events"]
    kinds = {event["type"] for event in found}
    assert {"lead_added", "sale_field_changed", "entity_tag_added", "common_note_added"} <= kinds, kinds
    assert found[0]["_embedded"]["entity"]["name"] == "Дача з садом", found[0]
    assert amo.get_event(found[0]["id"])["id"] == found[0]["id"]
    added = amo.get_events(filter_by_type=["lead_added"], filter_by_created_by=[local.ADMIN])["_embedded"]["events"]
    assert {event["type"] for event in added} == {"lead_added"}


def settings(amo: AmoOAuthClient) -> None:
    assert amo.get_sources() == {}
    source = ids(amo.create_sources([{"name": "Телеграм", "external_id": "tg"}]), "sources")[0]
    assert amo.get_source(source)["external_id"] == "tg"
    amo.update_sources([{"id": source, "name": "Telegram"}])
    assert amo.get_sources(filter_by_external_id="tg")["_embedded"]["sources"][0]["name"] == "Telegram"
    amo.delete_sources([{"id": source}])
    assert amo.get_sources() == {}
    # There are none of these in the local amoCRM.
    assert amo.get_catalogs() == {} and amo.get_customers() == {} and amo.get_widgets() == {}


local.without_limit()
amo = connect()
local.refused(TypeError, amo.get_pipelines)
take_json()
account_and_people(amo)
lead, contact, company = cards(amo)
tags(amo, lead)
notes_and_tasks(amo, lead, contact)
fields(amo, lead)
unsorted(amo)
events_and_hooks(amo, lead)
settings(amo)
local.expire()
assert amo.get_account_info()["id"] == local.ACCOUNT and saved and local.refreshes() == 1
local.finish("all of the API that the local amoCRM has, refresh, a hook")
