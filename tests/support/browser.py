"""Chromium, driven over WebDriver's HTTP by hand: a few commands are all that tests need."""

import base64
import shutil
import subprocess
from pathlib import Path
from typing import Any

import requests

from scripts.ports import free_port
from tests.support.patience import PATIENCE, wait_until


class Browser:
    """A headless Chromium in a profile of its own."""

    def __init__(self, width: int = 1200, height: int = 900, dark: bool = False) -> None:
        port = free_port()
        driver = shutil.which("chromedriver")
        assert driver
        self._process = subprocess.Popen(
            [driver, f"--port={port}", "--silent"], stdout=subprocess.DEVNULL
        )
        self._url = f"http://127.0.0.1:{port}"
        self._session = ""
        self._begin(width, height, dark)

    def _begin(self, width: int, height: int, dark: bool) -> None:
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                     "--disable-dev-shm-usage", f"--window-size={width},{height}"]  # fmt: skip
        if dark:
            arguments.append("--blink-settings=preferredColorScheme=0")
        options = {"timeouts": {"script": 1_000 * PATIENCE, "pageLoad": 1_000 * PATIENCE},
                   "goog:chromeOptions": {"args": arguments},
                   "goog:loggingPrefs": {"browser": "ALL"}}  # fmt: skip
        wait_until(self._is_up)
        made = self._send("POST", "/session", {"capabilities": {"alwaysMatch": options}})
        self._session = f"/session/{made['sessionId']}"
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self._devtools("Emulation.setDeviceMetricsOverride", size)
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._devtools("Emulation.setEmulatedMedia", {"features": [feature]})

    def _is_up(self) -> bool:
        try:
            return requests.get(f"{self._url}/status", timeout=PATIENCE).ok
        except requests.ConnectionError:
            return False

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(
            method, self._url + self._session + path, json=body, timeout=PATIENCE
        )
        value = answer.json()["value"]
        assert answer.ok, value
        return value

    def _devtools(self, command: str, parameters: dict[str, Any]) -> Any:
        body = {"cmd": command, "params": parameters}
        return self._send("POST", "/goog/cdp/execute", body)

    def open(self, address: str) -> None:
        self._send("POST", "/url", {"url": address})

    def inject(self, script: str) -> None:
        """Run a script in every page before its own, as an extension does."""
        self._devtools("Page.addScriptToEvaluateOnNewDocument", {"source": script})

    def run(self, script: str) -> Any:
        """What the body of a JavaScript function returns."""
        return self._send("POST", "/execute/sync", {"script": script, "args": []})

    def run_async(self, script: str) -> Any:
        """What the body of a JavaScript function tells `done`."""
        body = f"const done = arguments[arguments.length - 1]; {script}"
        return self._send("POST", "/execute/async", {"script": body, "args": []})

    def text(self) -> str:
        return self.run("return document.body.innerText")

    def problems(self) -> list[str]:
        """What the console holds, such as violations of the content security policy."""
        return [entry["message"] for entry in self._send("POST", "/se/log", {"type": "browser"})]

    def press(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            self._devtools("Input.dispatchKeyEvent", {"type": kind, "key": key, "code": key,
                           "windowsVirtualKeyCode": {"Tab": 9, "Enter": 13}[key],
                           "text": "\r" if key == "Enter" else ""})  # fmt: skip

    def picture(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(self._send("GET", "/screenshot")))

    def close(self) -> None:
        try:
            self._send("DELETE", "")
        finally:
            self._process.terminate()
            self._process.wait()


def found() -> bool:
    return bool(shutil.which("chromium") and shutil.which("chromedriver"))
