"""Drives the sandbox with aioamocrm from PyPI, unmodified except the address.

    python aioamocrm_client.py http://127.0.0.1:PORT
"""

import asyncio
import json
import sys
import urllib.request

from aioamocrm import AmoCRMClient, AuthError, OAuth2, TokenEndpoint

BASE = sys.argv[1]
REDIRECT_URI = "http://127.0.0.1:8080/api/amo-crm/callback"


def control(method: str, path: str, body: dict | None = None) -> dict:
    request = urllib.request.Request(
        f"{BASE}/_sandbox{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


async def main() -> None:
    control("POST", "/reset", {})
    # The client knows no limit, and is faster than amoCRM's.
    control("PATCH", "/faults", {"rate_limit": 0})
    auth = OAuth2("sandbox", "sandbox-secret", REDIRECT_URI)
    async with AmoCRMClient(auth=auth, base_url=BASE) as amo:
        endpoint = TokenEndpoint(http=amo.http, url=amo.token_url)
        code = control("POST", "/codes", {"account": 31920194})["code"]
        first = await auth.exchange_code(endpoint, code)

        account = await amo.account.get(with_="version,datetime_settings")
        assert (account.id, account.name) == (31920194, "For You Real Estate"), account

        leads = [lead async for lead in amo.leads.iterate(with_=["contacts"])]
        ids = [lead.id for lead in leads]
        assert len(ids) == len(set(ids)) == 630, len(ids)
        assert any(lead.embedded.contacts for lead in leads)

        one = await amo.leads.get(ids[0], with_="contacts")
        assert one.name == leads[0].name
        main = next(lead for lead in leads if lead.embedded.contacts).embedded.contacts[0]
        contact = await amo.contacts.get(main.id)
        assert contact.id == main.id

        pipelines = await amo.pipelines.list()
        assert len(pipelines) == 2
        assert {142, 143} <= {status.id for status in await amo.pipelines.statuses(pipelines[0].id)}
        assert (await amo.users.get(10110001)).email == "olena@foryou.example"

        # An access token that has expired is renewed without anyone noticing.
        control("POST", "/expire", {"account": 31920194})
        assert (await amo.account.get()).id == 31920194
        second = auth._tokens
        assert second.refresh_token != first.refresh_token
        assert control("GET", "")["counters"]["refreshes"] == 1

        # A refusal is understood as one.
        control("POST", "/revoke", {"account": 31920194})
        try:
            await amo.account.get()
        except AuthError as refusal:
            assert refusal.status_code == 401, refusal
            assert refusal.title == "Некорректный запрос", refusal.title
        else:
            raise AssertionError("a revoked grant still works")
        try:
            await auth.exchange_code(endpoint, code)
        except AuthError as refusal:
            assert refusal.status_code == 400, refusal
        else:
            raise AssertionError("a code worked twice")
    print("aioamocrm: ok")


asyncio.run(main())
