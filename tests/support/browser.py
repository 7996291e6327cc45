"""A real browser, driven through the WebDriver protocol, for what only a browser can tell of a page."""

import contextlib
import json
import shutil
import subprocess
import time
import urllib.request

import pytest

ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars")


class Browser:
    """A session of chromedriver."""

    def __init__(self, address):
        self._address = address
        options = {"args": ARGUMENTS, "perfLoggingPrefs": {"enableNetwork": True}}
        logs = {"browser": "ALL", "performance": "ALL"}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": logs}
        found = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._address += f"/session/{found['sessionId']}"

    def open(self, path, *, width=1100, height=900, dark=False):
        """Opens a file, or an address, as a person would, after forgetting what has been logged."""
        self.log("browser"), self.log("performance")
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self._devtools("Emulation.setEmulatedMedia", {"features": scheme})
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self._devtools("Emulation.setDeviceMetricsOverride", screen)
        self._call("POST", "/url", {"url": path if isinstance(path, str) else path.resolve().as_uri()})

    def run(self, script):
        """What a function's body returns."""
        return self._call("POST", "/execute/sync", {"script": script, "args": []})

    def wait(self, expression, seconds=30):
        """Waits until an expression is true; the seconds that it took."""
        start = time.monotonic()
        while not self.run(f"return {expression}"):
            assert time.monotonic() - start < seconds, f"waited {seconds} seconds for {expression}"
            time.sleep(0.02)
        return time.monotonic() - start

    def upload(self, selector, path):
        """Gives a file to an `<input>`, as a person does who chooses it."""
        (element,) = self._call("POST", "/element", {"using": "css selector", "value": selector}).values()
        self._call("POST", f"/element/{element}/value", {"text": str(path)})

    def log(self, kind):
        """The messages since the last time."""
        return [entry["message"] for entry in self._call("POST", "/se/log", {"type": kind})]

    def requests(self):
        """The addresses that the page has asked for since it was opened."""
        events = [json.loads(message)["message"] for message in self.log("performance")]
        return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]

    def screenshot(self):
        """The whole page, PNG in base64."""
        return self._devtools("Page.captureScreenshot", {"captureBeyondViewport": True})["data"]

    def close(self):
        """Ends the browser."""
        self._call("DELETE", "")

    def _devtools(self, command, parameters):
        return self._call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def _call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._address + path, data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)["value"]


@contextlib.contextmanager
def browser():
    """A `Browser`; skips the test where there is none."""
    driver = shutil.which("chromedriver")
    if driver is None:
        pytest.skip("needs Chromium and chromedriver on the PATH")
    process = subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        line = next(line for line in process.stdout if "was started successfully on port" in line)
        port = line.strip().rstrip(".").rsplit(" ", 1)[1]
        session = Browser(f"http://127.0.0.1:{port}")
        try:
            yield session
        finally:
            session.close()
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()
