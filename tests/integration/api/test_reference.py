"""The documentation page works without internet: everything that it loads comes from this service."""

import hashlib
import pathlib
import re

import pytest

import orbital

WEB = pathlib.Path(orbital.__path__[0]) / "web"


async def test_the_page_loads_nothing_from_elsewhere(api):
    page = await api.client.get("/docs")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert [place for place in loaded if not place.startswith(("/", "data:"))] == []
    for place in loaded:
        if place.startswith("/"):
            assert (await api.client.get(place)).status_code == 200, place
    assert "unsafe-eval" not in page.headers["content-security-policy"]


async def test_an_unknown_file_of_the_page_is_not_found(api):
    answer = await api.client.get("/docs/../secret")
    assert answer.status_code == 404
    assert (await api.client.get("/docs/nothing.js")).json()["code"] == "not_found"


@pytest.mark.parametrize("name", ["swagger-ui-bundle.js", "swagger-ui.css"])
def test_what_is_vendored_is_what_is_named(name):
    digest = hashlib.sha256((WEB / "swagger-ui" / name).read_bytes()).hexdigest()
    assert f"| {name} | {digest} |" in (WEB / "swagger-ui" / "VENDORED.md").read_text()
