"""Drives the local amoCRM with catgirl3d-amocrm-mcp, which came of amocrm-mcp and has tools of its own."""

import amocrm_mcp_tools as tools
import local_amocrm as local
import mcp_server


async def drive(call: mcp_server.Call, offered: set[str]) -> None:
    assert "get_leads_grouped_by_user" in offered, offered
    await tools.drive(call, seeded["lead"])
    await tools.drive_sums(call)
    won = await call("get_leads", status_ids=[local.WON], limit=50)
    assert won and {lead["status_id"] for lead in won} == {local.WON}, won
    people = await call("get_leads_grouped_by_user", pipeline_id=local.RENT)
    assert people["leads_total"] and all(manager["user_name"] for manager in people["managers"]), people


local.without_limit()
tools.set_up(local.REDIRECT_URI, local.SUBDOMAIN, local.CLIENT_ID, local.CLIENT_SECRET, local.code())
seeded = tools.seed()
mcp_server.run("amocrm-mcp", drive)
local.finish("all its tools, login")
