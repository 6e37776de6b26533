"""Drives the local amoCRM with amocrm-mcp, an MCP server that reads from https://SUBDOMAIN.amocrm.ru."""

import amocrm_mcp_tools as tools
import local_amocrm as local
import mcp_server


async def drive(call: mcp_server.Call, offered: set[str]) -> None:
    assert len(offered) == 18, offered
    # Of lists without an end it asks pages past the last at once, renews its token at each empty one, and can stop there.
    await tools.drive(call, seeded["lead"])
    before = local.refreshes()
    local.expire()
    assert await call("get_users") and local.refreshes() > before


local.without_limit()
tools.set_up(local.SUBDOMAIN, local.CLIENT_ID, local.CLIENT_SECRET, local.REDIRECT_URI, local.code())
seeded = tools.seed()
mcp_server.run("amocrm-mcp", drive)
local.finish("16 of its 18 tools, login, refresh")
