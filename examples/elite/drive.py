"""Uses the dashboard as a person would, in a headless Chromium, and prints what happened as JSON.

    drive.py URL TOKEN FOREIGN_URL

FOREIGN_URL is the same gate under a name that is not the dashboard's: a page of another site, and a
name that was rebound. Each step is `true` in the output when the page showed what it had to. The
first step that fails ends the run with status 1 and its error in the output.
"""

import json
import shutil
import signal
import sys
import tempfile

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE_SECS = 40
ALTOGETHER_SECS = 200
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
    # Names of the tests, as a hostile name server would answer for them.
    "--host-resolver-rules=MAP *.example 127.0.0.1",
]
# What a page of another site can do: no same-origin policy holds for WebSockets.
FOREIGN = """
const [url, token, done] = arguments;
const seen = [];
const socket = new WebSocket(url);
socket.onopen = () => { seen.push("open"); socket.send(JSON.stringify({ token })); };
socket.onmessage = ({ data }) => { seen.push(data); };
socket.onclose = ({ code }) => done([...seen, code]);
"""


def browser(url: str, profile: str) -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    for flag in [*FLAGS, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.accept_insecure_certs = url.startswith("https:")
    options.binary_location = shutil.which("chromium")
    service = Service(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    driver.set_page_load_timeout(PATIENCE_SECS)
    driver.set_script_timeout(PATIENCE_SECS)
    return driver


class Page:
    """The dashboard, as seen through the browser."""

    def __init__(self, driver: webdriver.Chrome, url: str, token: str, foreign: str):
        self.driver = driver
        self.url = url
        self.token = token
        self.foreign = foreign

    def text(self, element: str) -> str:
        return self.driver.find_element(By.ID, element).text

    def wait(self, condition, what: str) -> None:
        waiting = WebDriverWait(self.driver, PATIENCE_SECS)
        waiting.until(lambda _: condition(), f"never saw {what}: {self.text('state')}")

    def connect(self, token: str) -> None:
        field = self.driver.find_element(By.ID, "token")
        field.clear()
        field.send_keys(token)
        self.driver.find_element(By.CSS_SELECTOR, "#connect button").click()

    def refuses_a_wrong_token(self) -> None:
        self.driver.get(self.url)
        self.connect("not-the-token-at-all")
        self.wait(lambda: self.text("state") == "closed (1008)", "the refusal")
        assert self.text("tick") == "–", "a figure without the token"

    def shows_live_figures(self) -> None:
        self.connect(self.token)
        self.wait(lambda: self.text("state") == "live", "the live state")
        first = int(self.text("tick"))
        self.wait(lambda: int(self.text("tick")) >= first + 2, "two more updates")

    def marks_a_step(self) -> None:
        self.driver.find_element(By.CSS_SELECTOR, '[data-step="edit"]').click()
        self.wait(lambda: self.text("done") == "edit", "the step")

    def keeps_its_own_addresses(self) -> None:
        self.driver.get(f"{self.url}/pipeline/today")
        assert self.driver.title == "Publishing pipeline", self.driver.title
        self.connect(self.token)
        self.wait(lambda: self.text("state") == "live", "the live state")

    def is_closed_to_other_sites(self) -> None:
        """A page of another site, and one whose name was rebound to this machine."""
        live = self.url.replace("http", "ws", 1) + "/live"
        rebound = self.foreign.replace("http", "ws", 1) + "/live"
        self.driver.get(self.foreign)
        for url in (live, rebound):
            seen = self.driver.execute_async_script(FOREIGN, url, self.token)
            assert seen == [1006], f"{url} from {self.foreign}: {seen}"


STEPS = [
    "refuses_a_wrong_token",
    "shows_live_figures",
    "marks_a_step",
    "keeps_its_own_addresses",
    "is_closed_to_other_sites",
]


def drive(url: str, token: str, foreign: str) -> dict:
    """Goes through the steps and says how far it came."""
    result = {"steps": {}, "error": None}
    with tempfile.TemporaryDirectory(prefix="mantlet-chromium-") as profile:
        driver = browser(url, profile)
        try:
            page = Page(driver, url, token, foreign)
            for step in STEPS:
                result["steps"][step] = False
                getattr(page, step)()
                result["steps"][step] = True
        except (WebDriverException, TimeoutError, AssertionError) as error:
            result["error"] = f"{step}: {error}"
        finally:
            driver.quit()
    return result


def give_up(_signal, _frame):
    """Ends the run in time to close the browser."""
    raise TimeoutError(f"not done after {ALTOGETHER_SECS} s")


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(ALTOGETHER_SECS)
    outcome = drive(*sys.argv[1:4])
    print(json.dumps(outcome))
    sys.exit(0 if outcome["error"] is None else 1)
