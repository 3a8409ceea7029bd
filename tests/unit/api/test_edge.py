"""What every answer has: HEAD is answered as GET is, without the body."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from orbital.api import edge


async def greet(request: Request) -> Response:
    return PlainTextResponse("hello", 200 if request.method == "GET" else 500)


@pytest.fixture
async def client():
    app = edge.Edge(Starlette(routes=[Route("/greet", greet, methods=["GET"])]))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://served") as made:
        yield made


async def test_head_is_get_without_the_body(client):
    got, headed = await client.get("/greet"), await client.head("/greet")
    assert (got.status_code, got.content) == (200, b"hello")
    assert (headed.status_code, headed.content) == (200, b"")
    own = {"x-request-id"}
    assert {n: v for n, v in headed.headers.items() if n not in own} == {
        n: v for n, v in got.headers.items() if n not in own
    }


async def test_head_of_an_unknown_path_is_404(client):
    answer = await client.head("/nowhere")
    assert (answer.status_code, answer.content) == (404, b"")
