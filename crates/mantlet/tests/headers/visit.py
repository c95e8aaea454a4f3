"""Visits a page in a headless Chromium and prints its title and console as JSON.

    visit.py URL DONE

Waits until the page's text contains DONE.
"""

import json
import shutil
import signal
import sys
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE_SECS = 40
ALTOGETHER_SECS = 100
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def visit(url: str, done: str) -> dict:
    with tempfile.TemporaryDirectory(prefix="mantlet-chromium-") as profile:
        options = webdriver.ChromeOptions()
        for flag in [*FLAGS, f"--user-data-dir={profile}"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        # Named by their paths: Selenium would otherwise ask the network for a matching pair.
        options.binary_location = shutil.which("chromium")
        driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        try:
            driver.set_page_load_timeout(PATIENCE_SECS)
            driver.get(url)
            wait = WebDriverWait(driver, PATIENCE_SECS)
            wait.until(lambda d: done in d.find_element(By.TAG_NAME, "body").text)
            console = [entry["message"] for entry in driver.get_log("browser")]
            return {"title": driver.title, "console": console}
        finally:
            driver.quit()


def give_up(_signal, _frame):
    """Ends the run in time to close the browser."""
    raise TimeoutError(f"not done after {ALTOGETHER_SECS} s")


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(ALTOGETHER_SECS)
    print(json.dumps(visit(sys.argv[1], sys.argv[2])))
