"""Uses the dashboard as a person would, in a headless Chromium, and prints what happened as JSON.

    drive.py URL CSV_FILE [SCREENSHOT]

The steps are in STEPS; each is `true` in the output when the page showed what it had to. The first
step that fails ends the run with status 1 and its error in the output.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE_SECS = 40
ALTOGETHER_SECS = 200
DECISION = "Buy <b>two</b> & sell 'one'; -- select wisely"
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
    "--window-size=1280,1400",
]


def browser(url: str, profile: str) -> webdriver.Chrome:
    """A browser with a fresh profile that keeps its console."""
    options = webdriver.ChromeOptions()
    for flag in [*FLAGS, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    # The certificate of a test is its own authority.
    options.accept_insecure_certs = url.startswith("https:")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # Named by their paths: Selenium would otherwise ask the network for a matching pair.
    options.binary_location = shutil.which("chromium")
    service = Service(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    driver.set_page_load_timeout(PATIENCE_SECS)
    return driver


class Page:
    """The dashboard, as seen through the browser."""

    def __init__(self, driver: webdriver.Chrome, url: str, figures: str):
        self.driver = driver
        self.url = url
        self.figures = figures

    def wait(self, condition, what: str):
        """What `condition` finds, as soon as it finds something."""

        def ask(driver):
            # The page redraws parts of itself: an element may vanish between two looks.
            try:
                return condition(driver)
            except WebDriverException:
                return False

        return WebDriverWait(self.driver, PATIENCE_SECS).until(ask, f"never saw {what}")

    def wait_for_text(self, text: str) -> None:
        self.wait(lambda d: text in d.find_element(By.TAG_NAME, "body").text, repr(text))

    def wait_for_element(self, selector: str):
        def shown(driver):
            elements = driver.find_elements(By.CSS_SELECTOR, selector)
            return next((element for element in elements if element.is_displayed()), None)

        return self.wait(shown, selector)

    def press(self, label: str) -> None:
        """Presses a button by its label."""

        def pressed(driver):
            for button in driver.find_elements(By.CSS_SELECTOR, "button"):
                if button.is_displayed() and button.text.strip() == label:
                    button.click()
                    return True
            return False

        self.wait(pressed, f"the button {label!r}")

    def renders(self) -> None:
        self.driver.get(self.url)
        self.wait_for_text("Strategy dashboard")
        self.wait(lambda d: d.title == "Strategy dashboard", "the title")

    def draws_the_chart(self) -> None:
        chart = '[data-testid="stVegaLiteChart"]'
        self.wait_for_element(f"{chart} canvas, {chart} svg")

    def takes_a_decision(self) -> None:
        field = self.wait_for_element('input[aria-label="Decision"]')
        field.send_keys(DECISION)
        field.send_keys(Keys.TAB)
        self.press("Add decision")
        self.wait_for_text("Decisions in this session: 1")
        self.wait_for_text(DECISION)

    def keeps_its_state(self) -> None:
        self.wait_for_text("The plan is a draft")
        self.press("Approve the plan")
        self.wait_for_text("The plan is approved")
        self.wait_for_text("Decisions in this session: 1")

    def takes_a_file(self) -> None:
        field = self.wait(
            lambda d: d.find_element(By.CSS_SELECTOR, 'input[type="file"]'), "the file field"
        )
        field.send_keys(self.figures)
        self.wait_for_text("3 figures, 60 in total")


STEPS = ["renders", "draws_the_chart", "takes_a_decision", "keeps_its_state", "takes_a_file"]


def console_errors(driver: webdriver.Chrome, url: str) -> list[str]:
    """The errors in the console, each without what differs between two addresses of one page."""
    host = urlsplit(url).netloc
    severe = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    return sorted({entry["message"].replace(host, "HOST") for entry in severe})


def drive(url: str, figures: str, screenshot: str | None) -> dict:
    """Goes through the steps and says how far it came."""
    result = {"steps": {}, "error": None, "console_errors": []}
    with tempfile.TemporaryDirectory(prefix="mantlet-chromium-") as profile:
        driver = browser(url, profile)
        try:
            page = Page(driver, url, os.path.abspath(figures))
            for step in STEPS:
                result["steps"][step] = False
                getattr(page, step)()
                result["steps"][step] = True
        except (WebDriverException, TimeoutError) as error:
            result["error"] = f"{step}: {error}"
        finally:
            result["console_errors"] = console_errors(driver, url)
            if screenshot:
                driver.save_screenshot(screenshot)
            driver.quit()
    return result


def give_up(_signal, _frame):
    """Ends the run in time to close the browser."""
    raise TimeoutError(f"not done after {ALTOGETHER_SECS} s")


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(ALTOGETHER_SECS)
    outcome = drive(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
    print(json.dumps(outcome))
    sys.exit(0 if outcome["error"] is None else 1)
