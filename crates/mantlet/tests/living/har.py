"""Visits a page in a headless Chromium and writes what it asked for as HAR 1.2.

    har.py URL DONE FILE

Waits until the page's text contains DONE. Chromium has no switch for this: its developer tools make
HAR of the events that are read here.
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


def entry(driver, event: dict) -> dict:
    request = event["request"]
    made = {
        "method": request["method"],
        "url": request["url"],
        "httpVersion": "HTTP/1.1",
        "headers": [{"name": n, "value": v} for n, v in request["headers"].items()],
        "queryString": [],
        "cookies": [],
        "headersSize": -1,
        "bodySize": -1,
    }
    if request.get("hasPostData"):
        text = request.get("postData")
        if text is None:
            asked = {"requestId": event["requestId"]}
            text = driver.execute_cdp_cmd("Network.getRequestPostData", asked)["postData"]
        kinds = [v for n, v in request["headers"].items() if n.lower() == "content-type"]
        made["postData"] = {"mimeType": kinds[0] if kinds else "", "text": text}
        made["bodySize"] = len(text)
    return {"startedDateTime": "2026-01-01T00:00:00Z", "time": 1, "request": made, "response": {}}


def visit(url: str, done: str) -> list:
    with tempfile.TemporaryDirectory(prefix="mantlet-chromium-") as profile:
        options = webdriver.ChromeOptions()
        for flag in [*FLAGS, f"--user-data-dir={profile}"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
        # Named by their paths: Selenium would otherwise ask the network for a matching pair.
        options.binary_location = shutil.which("chromium")
        driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        try:
            driver.set_page_load_timeout(PATIENCE_SECS)
            driver.get(url)
            wait = WebDriverWait(driver, PATIENCE_SECS)
            wait.until(lambda d: done in d.find_element(By.TAG_NAME, "body").text)
            told = [json.loads(line["message"])["message"] for line in driver.get_log("performance")]
            asked = [m["params"] for m in told if m["method"] == "Network.requestWillBeSent"]
            return [entry(driver, event) for event in asked]
        finally:
            driver.quit()


def give_up(_signal, _frame):
    """Ends the run in time to close the browser."""
    raise TimeoutError(f"not done after {ALTOGETHER_SECS} s")


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(ALTOGETHER_SECS)
    entries = visit(sys.argv[1], sys.argv[2])
    log = {"version": "1.2", "creator": {"name": "har.py", "version": "1"}, "entries": entries}
    with open(sys.argv[3], "w", encoding="utf-8") as file:
        json.dump({"log": log}, file, indent=1)
