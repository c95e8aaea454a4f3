"""A real provider (oidc-provider-mock, made of Authlib) and a headless Chromium: somebody signs in with
it, somebody else says no there. Prints what was seen as JSON.

    providers.py URL PORT
"""

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE_SECS = 60
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CLAIMS = {"sub": "2482", "preferred_username": "Carol", "email": "carol@example.org"}


@contextlib.contextmanager
def provider(port):
    """The provider, while it is needed."""
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", port, "--require-nonce", "true"]
    command += ["--user-claims", json.dumps(CLAIMS)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/.well-known/openid-configuration")
        yield
    finally:
        server.terminate()
        server.wait(PATIENCE_SECS)


def wait_for(url):
    """Until it answers."""
    deadline = time.monotonic() + PATIENCE_SECS
    while True:
        try:
            urllib.request.urlopen(url, timeout=PATIENCE_SECS).read()
            return
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def story(driver, url):
    """What is seen on the way."""

    def until(done, about):
        try:
            return WebDriverWait(driver, PATIENCE_SECS).until(done)
        except TimeoutException as error:
            page = driver.find_element(By.TAG_NAME, "body").text
            raise SystemExit(f"no {about} at {driver.current_url}: {page}") from error

    def find(selector):
        return until(lambda d: d.find_elements(By.CSS_SELECTOR, selector), selector)[0]

    seen = {}
    driver.get(f"{url}/.mantlet/sign-in?next=/after")
    find("a.button").click()
    find("input[name=sub]").send_keys(CLAIMS["sub"])
    find("form button[type=submit]").click()
    until(lambda d: d.current_url == f"{url}/after", "the way back")
    seen["after"] = driver.find_element(By.TAG_NAME, "body").text
    driver.get(f"{url}/.mantlet/profile")
    seen["name"] = find("h1").text

    driver.delete_all_cookies()
    driver.get(f"{url}/.mantlet/sign-in")
    find("a.button").click()
    find("button[value=deny]").click()
    seen["denied"] = find("[role=alert]").text
    return seen


def main():
    url, port = sys.argv[1:]
    with provider(port), tempfile.TemporaryDirectory(prefix="mantlet-chromium-") as profile:
        options = webdriver.ChromeOptions()
        for flag in [*FLAGS, f"--user-data-dir={profile}"]:
            options.add_argument(flag)
        options.binary_location = shutil.which("chromium")
        driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        driver.set_page_load_timeout(PATIENCE_SECS)
        try:
            print(json.dumps(story(driver, url)))
        finally:
            driver.quit()


main()
