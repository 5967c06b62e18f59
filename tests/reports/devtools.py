"""A headless Chromium, driven over its own DevTools protocol: no driver to install, no request leaves the machine."""

import json
import subprocess
import time
from contextlib import contextmanager

from websockets.sync.client import connect

NOTHING_OUTSIDE = "--host-resolver-rules=MAP * ~NOTFOUND"


class Tab:
    """One page; collects console messages, errors and requests."""

    def __init__(self, socket, session):
        self.socket, self.session, self.number = socket, session, 0
        self.complaints, self.requests, self.loaded = [], [], 0
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        self.socket.send(json.dumps(message | ({"sessionId": self.session} if self.session else {})))
        while True:
            answer = json.loads(self.socket.recv(timeout=60))
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return answer["result"]
            self.note(answer)

    def note(self, event):
        kind, params = event.get("method"), event.get("params", {})
        if kind in {"Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"}:
            self.complaints.append(json.dumps(params)[:500])
        if kind == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        self.loaded += kind == "Page.loadEventFired"

    def open(self, url, width=1440, **media):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=1000, deviceScaleFactor=1, mobile=False)
        features = [{"name": name.replace("_", "-"), "value": value} for name, value in media.items()]
        self.call("Emulation.setEmulatedMedia", features=features)
        self.complaints, self.requests, before = [], [], self.loaded
        self.call("Page.navigate", url=url)
        while self.loaded == before:
            self.note(json.loads(self.socket.recv(timeout=60)))

    def run(self, script):
        """Evaluate an expression and return its value."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def press(self, key, code, shift=False):
        for kind in ("keyDown", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code,
                modifiers=8 if shift else 0, **text,
            )  # fmt: skip


@contextmanager
def browser(program, profile):
    """Start a browser and give one tab of it."""
    command = [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
               f"--user-data-dir={profile}", NOTHING_OUTSIDE, "--no-first-run", "about:blank"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            port, path = _address(profile / "DevToolsActivePort")
            with connect(f"ws://127.0.0.1:{port}{path}", max_size=None, proxy=None) as socket:
                yield _tab(socket)
        finally:
            process.kill()


def _tab(socket):
    root = Tab.__new__(Tab)
    root.socket, root.session, root.number = socket, None, 0
    root.complaints, root.requests, root.loaded = [], [], 0
    target = root.call("Target.createTarget", url="about:blank")["targetId"]
    session = root.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    return Tab(socket, session)


def _address(file):
    for _ in range(300):
        if file.exists() and len(file.read_text().splitlines()) == 2:
            return file.read_text().splitlines()
        time.sleep(0.1)
    raise TimeoutError("the browser did not open its DevTools port")
