"""Drives the Python SDK by lines of JSON: the first says where to connect, each one after it what to do."""

import asyncio
import json
import sys

import anyio
import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider, TokenStorage
from mcp.client.auth.oauth2 import AuthorizationCodeResult
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata
from mcp.types import ElicitResult


def tell(said):
    print(json.dumps(said), flush=True)


async def told():
    line = await asyncio.to_thread(sys.stdin.readline)
    return json.loads(line) if line else None


class Kept(TokenStorage):
    tokens = client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


async def browse(address):
    tell({"open": str(address)})


async def back():
    query = httpx2.URL((await told())["back"]).params
    return AuthorizationCodeResult(code=query["code"], state=query["state"], iss=query["iss"])


def signed_in(start):
    metadata = OAuthClientMetadata(
        client_name="Python SDK",
        redirect_uris=[start["redirect"]],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
    )
    return OAuthClientProvider(
        server_url=start["url"],
        client_metadata=metadata,
        storage=Kept(),
        redirect_handler=browse,
        callback_handler=back,
        client_metadata_url=start.get("document"),
    )


async def call(client, asked, step):
    progress, scope = [], anyio.CancelScope()

    async def watch(done, total, message):
        # What lies between two steps says that the call goes on, as often as the machine is slow.
        if not float(done).is_integer():
            return
        progress.append(done)
        if len(progress) == step.get("cancel_after"):
            scope.cancel()

    before, said = len(asked), {}
    with scope:
        result = await client.call_tool(step["call"], step["arguments"], progress_callback=watch)
        said = {"text": result.content[0].text, "is_error": bool(result.is_error)}
    tell({**said, "cancelled": scope.cancelled_caught, "progress": len(progress), "asked": len(asked) - before})


async def main():
    start, asked = await told(), []

    async def yes(_, params):
        asked.append(params.message)
        return ElicitResult(action="accept", content={"confirm": True})

    auth = signed_in(start) if "redirect" in start else None
    mode = "legacy" if start["era"] == "2025-11-25" else start["era"]
    async with httpx2.AsyncClient(auth=auth, timeout=30) as http:
        transport = streamable_http_client(start["url"], http_client=http)
        async with Client(transport, mode=mode, elicitation_callback=yes) as client:
            tell({"protocol": client.session.protocol_version})
            while step := await told():
                if "call" in step:
                    await call(client, asked, step)
                else:
                    tell({"tools": [tool.name for tool in (await client.list_tools()).tools]})


asyncio.run(main())
