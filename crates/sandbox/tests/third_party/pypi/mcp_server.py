"""Talks to a client of amoCRM that is an MCP server, as a language model's program does."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

Call = Callable[..., Awaitable[object]]


def program(name: str) -> str:
    """A program of the client's package."""
    return str(Path(sys.executable).parent / name)


class Refused(Exception):
    """The server answered that a tool failed."""


def run(name: str, drive: Callable[[Call, set[str]], Awaitable[None]], **variables: str) -> None:
    """Starts the server, and calls `drive` with what calls a tool, and the names of all tools."""

    async def session() -> None:
        server = StdioServerParameters(command=program(name), env=os.environ | variables)
        async with stdio_client(server) as (read, write), ClientSession(read, write) as client:
            await client.initialize()
            tools = {tool.name for tool in (await client.list_tools()).tools}

            async def call(tool: str, **arguments: object) -> object:
                result = await client.call_tool(tool, arguments)
                text = result.content[0].text
                if result.isError:
                    raise Refused(text)
                return json.loads(text)

            await drive(call, tools)

    asyncio.run(session())
