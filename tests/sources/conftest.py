import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from requests.adapters import HTTPAdapter

from solarnet_assets.sources import polite


def _sites():
    spec = spec_from_file_location("sites", Path(__file__).with_name("sites.py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Sites()


@pytest.fixture
def sites(monkeypatch):
    """Local sites that get every request of the adapter; what is below it thinks that they are the real ones."""
    found, send = _sites(), HTTPAdapter.send

    def to_this_machine(self, request, *args, **kwargs):
        address = request.url
        request.url = f"http://127.0.0.1:{found.port}/{address.removeprefix('https://')}"
        try:
            response = send(self, request, *args, **kwargs)
        finally:
            request.url = address
        response.url = address
        return response

    monkeypatch.setattr(HTTPAdapter, "send", to_this_machine)
    monkeypatch.setattr(polite, "check_public", lambda host: None)
    yield found
    found.close()


@pytest.fixture
def slept(monkeypatch):
    """Seconds that somebody wanted to wait; nobody does."""
    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)
    return waits
