"""Drives the local amoCRM with aioamocrm."""

import asyncio

import local_amocrm as local

from aioamocrm import AmoCRMClient, AuthError, OAuth2, TokenEndpoint


async def reads(amo: AmoCRMClient) -> None:
    account = await amo.account.get(with_="version,datetime_settings")
    assert (account.id, account.name) == (local.ACCOUNT, local.ACCOUNT_NAME), account

    leads = [lead async for lead in amo.leads.iterate(with_=["contacts"])]
    ids = [lead.id for lead in leads]
    assert len(ids) == len(set(ids)) == local.LEADS, len(ids)

    one = await amo.leads.get(ids[0], with_="contacts")
    assert one.name == leads[0].name
    main = next(lead for lead in leads if lead.embedded.contacts).embedded.contacts[0]
    contact = await amo.contacts.get(main.id)
    assert contact.id == main.id

    pipelines = await amo.pipelines.list()
    assert len(pipelines) == 2
    assert {local.WON, local.LOST} <= {status.id for status in await amo.pipelines.statuses(pipelines[0].id)}
    assert (await amo.users.get(local.ADMIN)).email == "olena@foryou.example"


async def tokens_of(amo: AmoCRMClient, auth: OAuth2, endpoint: TokenEndpoint) -> None:
    # An access token that has expired is renewed without anyone noticing.
    first = auth._tokens
    local.expire()
    assert (await amo.account.get()).id == local.ACCOUNT
    assert auth._tokens.refresh_token != first.refresh_token
    assert local.refreshes() == 1

    # A refusal is understood as one.
    spent = local.code()
    await auth.exchange_code(endpoint, spent)
    local.revoke()
    try:
        await amo.account.get()
    except AuthError as refusal:
        assert refusal.status_code == 401, refusal
        assert refusal.title == "Некорректный запрос", refusal.title
    else:
        raise AssertionError("a revoked grant still works")
    try:
        await auth.exchange_code(endpoint, spent)
    except AuthError as refusal:
        assert refusal.status_code == 400, refusal
    else:
        raise AssertionError("a code worked twice")


async def main() -> None:
    local.without_limit()
    auth = OAuth2(local.CLIENT_ID, local.CLIENT_SECRET, local.REDIRECT_URI)
    async with AmoCRMClient(auth=auth, base_url=local.BASE) as amo:
        endpoint = TokenEndpoint(http=amo.http, url=amo.token_url)
        await auth.exchange_code(endpoint, local.code())
        await reads(amo)
        await tokens_of(amo, auth, endpoint)
    local.finish("account, leads, contacts, pipelines, users, refresh, refusals")


asyncio.run(main())
