# SPDX-License-Identifier: Apache-2.0
"""A real Chromium for tests of the page.

    with Browser(width=390, dark=True) as browser:
        browser.open(url)
        browser.wait(lambda: browser.one("h1").text == "Runs")
        assert browser.violations() == []          axe-core's
        assert browser.console() == []             warnings and errors
        browser.picture("runs.png")

axe-core is `axe.min.js` of the npm package, in ${XDG_CACHE_HOME:-~/.cache}/sluice-test/axe-core, where axe_source()
puts it with npm when it is not there; NoAxe says that it could not.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

WAIT = 30
HEIGHT = 900
AXE_VERSION = "4.14.1"
OPTIONS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
]


class NoAxe(Exception):
    pass


class Browser:
    """A Chromium of `width` CSS pixels with a profile of its own."""

    def __init__(self, width=1280, dark=False):
        self.profile = tempfile.mkdtemp(prefix="sluice-page-")
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for option in [*OPTIONS, f"--user-data-dir={self.profile}"]:
            options.add_argument(option)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        try:
            self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        except Exception:
            shutil.rmtree(self.profile, ignore_errors=True)
            raise
        self.look(width, dark)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    def look(self, width, dark=False, height=HEIGHT):
        """Another width, or light and dark; the page stays."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        calm = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme, calm]})

    def open(self, url):
        self.driver.get(url)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector="main"):
        """The visible text; "" where there is no such element."""
        try:
            return self.one(selector).text
        except (NoSuchElementException, StaleElementReferenceException):
            return ""

    def button(self, words, within="body"):
        """The button that is read as `words`."""
        for button in self.all(f"{within} button"):
            if button.text.strip() == words:
                return button
        raise NoSuchElementException(f"no button '{words}' in: {[one.text for one in self.all('button')]}")

    def focused(self):
        return self.driver.switch_to.active_element

    def press(self, *keys):
        """Keys, one after the other, wherever the focus is."""
        chain = ActionChains(self.driver)
        for key in keys:
            chain.send_keys(key)
        chain.perform()

    def wait(self, condition, what="", seconds=WAIT):
        """Waits until `condition()` is true, and gives it."""
        end = time.monotonic() + seconds
        while True:
            try:
                result = condition()
            except (NoSuchElementException, StaleElementReferenceException):
                result = None
            if result:
                return result
            assert (
                time.monotonic() < end
            ), f"waited {seconds} s for {what or condition}; the page says:\n{self.text('body')}"
            time.sleep(0.05)

    def console(self):
        """Warnings and errors since the last time."""
        return [
            entry["message"]
            for entry in self.driver.get_log("browser")
            if entry["level"] in ("WARNING", "SEVERE")
        ]

    def violations(self):
        """What axe-core finds, a line for each element."""
        if not self.run("return 'axe' in window"):
            self.run(axe_source())
        result = self.driver.execute_async_script("axe.run(document).then(arguments[arguments.length - 1])")
        return [
            f"{violation['id']}: {violation['help']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
            for violation in result["violations"]
            for node in violation["nodes"]
        ]

    def overflow(self):
        """How many pixels the page is wider than its window."""
        return self.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def picture(self, path):
        """The whole page."""
        width, height = self.run(
            "return [innerWidth, Math.max(innerHeight, document.documentElement.scrollHeight)]"
        )
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        self.driver.save_screenshot(str(path))
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False},
        )


def axe_source():
    cache = (
        pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
        / "sluice-test"
        / "axe-core"
    )
    script = cache / f"axe-{AXE_VERSION}.min.js"
    if not script.exists():
        fetch_axe(cache, script)
    return script.read_text()


def fetch_axe(cache, script):
    if shutil.which("npm") is None:
        raise NoAxe("axe-core is not in the cache, and there is no npm to fetch it with")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        packed = subprocess.run(
            ["npm", "pack", "--silent", f"axe-core@{AXE_VERSION}"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
        )
        if packed.returncode != 0:
            raise NoAxe(f"npm could not fetch axe-core: {packed.stderr.strip()}")
        archive = packed.stdout.split()[-1]
        subprocess.run(["tar", "-xzf", archive, "package/axe.min.js"], cwd=folder, check=True)
        os.replace(pathlib.Path(folder) / "package/axe.min.js", script)
