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


async def main() -> None:
    local.without_limit()
    amo = AmoCRM.config(local.BASE, Auth())
    await reads(amo)
    local.finish("leads, pipelines")


asyncio.run(main())
