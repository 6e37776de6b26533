"""Drives the local amoCRM with amocrm-api, which speaks https to port 443 of the account's subdomain: its requests are led
to the local one here."""

import local_amocrm as local
from amocrm.v2 import Contact, Lead, Pipeline, User, exceptions, filters, tokens
from amocrm.v2.entity.pipeline import Status
from requests.adapters import HTTPAdapter

send = HTTPAdapter.send


def send_to_the_local_one(self, request, **options):
    request.url = request.url.replace("https://foryou.amocrm.ru", local.BASE)
    return send(self, request, **options)


HTTPAdapter.send = send_to_the_local_one

local.without_limit()
manager = tokens.default_token_manager
manager(local.CLIENT_ID, local.CLIENT_SECRET, "foryou", local.REDIRECT_URI, tokens.MemoryTokensStorage())
manager.init(local.code())


def reads() -> None:
    leads = list(Lead.objects.all())
    assert len(leads) == len({lead.id for lead in leads}) == local.LEADS, len(leads)
    first, second = leads[:2]
    assert Lead.objects.get(object_id=first.id).name == first.name
    assert first.pipeline.name and first.status.name and first.responsible_user.email
    try:
        Lead.objects.get(object_id=1)
    except exceptions.NotFound:
        pass
    else:
        raise AssertionError("there is a lead 1")

    stages = [stage for pipeline in Pipeline.objects.all() for stage in Status.get_for(pipeline).all()]
    assert len(stages) == 15, len(stages)
    assert Status.get_for(first.pipeline).get(object_id=local.WON).name == "Успешно реализовано"
    for wanted, most in [
        (filters.SingleFilter("id")(first.id), 1),
        (filters.SingleListFilter("id")([first.id, second.id]), 2),
        (filters.RangeFilter("price")(100_000, 200_000), 200),
        (filters.FiltersByPipelineAndStatus("statuses")(first.pipeline.id, local.WON), 200),
    ]:
        found = len(list(Lead.objects.filter(filters=[wanted])))
        assert 0 < found <= most, (wanted, found)
    newest = next(Lead.objects.filter(order={"updated_at": "desc"}))
    assert newest.updated_at == max(lead.updated_at for lead in leads)

    contacts = list(Contact.objects.all())
    assert any(lead.id == first.id for contact in contacts for lead in contact.leads)
    assert {"olena@foryou.example", "andrew@foryou.example"} <= {user.email for user in User.objects.all()}


def tokens_of() -> None:
    # It renews its token only when that has expired by the token's own `exp`.
    before = manager._storage.get_refresh_token()
    access, refresh = manager._get_new_tokens()
    assert refresh != before
    manager._storage.save_tokens(access, refresh)
    assert User.objects.get(object_id=local.AGENT).name == "Andrew Bailey"
    local.revoke()
    try:
        next(Lead.objects.all())
    except exceptions.UnAuthorizedException:
        pass
    else:
        raise AssertionError("a revoked grant still works")


reads()
tokens_of()
local.finish("leads and their filters, contacts, pipelines, users, refresh, refusals")
