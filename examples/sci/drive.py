"""Uses the site as a person would, in a headless Chromium, and prints what happened as JSON.

    drive.py URL NAME PASSWORD

Opens a project, signs in where that is asked for, and reads what every project shows.
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
]


def browser(profile: str) -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    for flag in [*FLAGS, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.binary_location = shutil.which("chromium")
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    driver.set_page_load_timeout(PATIENCE_SECS)
    return driver


def drive(driver: webdriver.Chrome, url: str, name: str, password: str) -> dict:
    def heading() -> str:
        return driver.find_element(By.TAG_NAME, "h1").text

    def wait(expected: str) -> None:
        WebDriverWait(driver, PATIENCE_SECS).until(lambda _: heading() == expected)

    seen = {}
    driver.get(f"{url}/projects/1")
    seen["public"] = driver.find_element(By.ID, "data").text
    driver.get(f"{url}/projects/2")
    seen["asked"] = heading()
    driver.find_element(By.ID, "username").send_keys(name)
    driver.find_element(By.ID, "password").send_keys(password)
    driver.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
    wait("internal")
    seen["came back to"] = driver.current_url.removeprefix(url)
    seen["internal"] = driver.find_element(By.ID, "data").text
    for number in ("3", "4"):
        driver.get(f"{url}/projects/{number}")
        seen[number] = heading()
    driver.get(f"{url}/people/{name}/notes")
    seen["own notes"] = heading()
    driver.get(f"{url}/people/{name}x/notes")
    seen["another's notes"] = heading()
    return seen


def main() -> None:
    signal.alarm(ALTOGETHER_SECS)
    url, name, password = sys.argv[1:]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        driver = browser(profile)
        try:
            print(json.dumps(drive(driver, url, name, password)))
        finally:
            driver.quit()


main()
