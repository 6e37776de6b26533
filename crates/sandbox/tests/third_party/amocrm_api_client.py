"""Drives the sandbox with amocrm-api from PyPI, unmodified except the address: the library speaks
https to port 443 of the account's subdomain, so its requests are led to the sandbox here.

    python amocrm_api_client.py http://127.0.0.1:PORT
"""

import json
import sys
import urllib.request

from requests.adapters import HTTPAdapter

BASE = sys.argv[1]
REDIRECT_URI = "http://127.0.0.1:8080/api/amo-crm/callback"

send = HTTPAdapter.send


def send_to_the_sandbox(self, request, **options):
    request.url = request.url.replace("https://foryou.amocrm.ru", BASE)
    return send(self, request, **options)


HTTPAdapter.send = send_to_the_sandbox

from amocrm.v2 import Contact, Lead, Pipeline, User, exceptions, filters, tokens  # noqa: E402
from amocrm.v2.entity.pipeline import Status  # noqa: E402


def control(method: str, path: str, body: dict | None = None) -> dict:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{BASE}/_sandbox{path}", method=method, data=data)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


control("POST", "/reset", {})
# The client knows no limit, and is faster than amoCRM's.
control("PATCH", "/faults", {"rate_limit": 0})
manager = tokens.default_token_manager
manager("sandbox", "sandbox-secret", "foryou", REDIRECT_URI, tokens.MemoryTokensStorage())
manager.init(control("POST", "/codes", {"account": 31920194})["code"])

leads = list(Lead.objects.all())
assert len(leads) == len({lead.id for lead in leads}) == 630, len(leads)
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
assert Status.get_for(first.pipeline).get(object_id=142).name == "Успешно реализовано"
for wanted, most in [
    (filters.SingleFilter("id")(first.id), 1),
    (filters.SingleListFilter("id")([first.id, second.id]), 2),
    (filters.RangeFilter("price")(100_000, 200_000), 200),
    (filters.FiltersByPipelineAndStatus("statuses")(first.pipeline.id, 142), 200),
]:
    found = len(list(Lead.objects.filter(filters=[wanted])))
    assert 0 < found <= most, (wanted, found)
newest = next(Lead.objects.filter(order={"updated_at": "desc"}))
assert newest.updated_at == max(lead.updated_at for lead in leads)

contacts = list(Contact.objects.all())
assert any(lead.id == first.id for contact in contacts for lead in contact.leads)
assert [user.email for user in User.objects.all()] == ["olena@foryou.example", "andrew@foryou.example"]

# It renews its token only when that has expired by the token's own `exp`.
before = manager._storage.get_refresh_token()
access, refresh = manager._get_new_tokens()
assert refresh != before
manager._storage.save_tokens(access, refresh)
assert User.objects.get(object_id=10110002).name == "Andrew Bailey"
control("POST", "/revoke", {"account": 31920194})
try:
    next(Lead.objects.all())
except exceptions.UnAuthorizedException:
    pass
else:
    raise AssertionError("a revoked grant still works")
print("amocrm-api: ok")
