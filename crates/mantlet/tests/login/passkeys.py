"""A headless Chromium with an authenticator of its own: makes a passkey, signs in with it alone and
beside the password, and prints what it saw as JSON.

    passkeys.py URL NAME PASSWORD
"""

import json
import shutil
import sys
import tempfile

from selenium import webdriver
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
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Visitor:
    """Somebody in front of the browser."""

    def __init__(self, driver, url):
        self.driver, self.url = driver, url

    def until(self, done, about):
        """Waits for something to be so."""
        return WebDriverWait(self.driver, PATIENCE_SECS).until(done, about)

    def open(self, path):
        self.driver.get(self.url + path)

    def find(self, selector):
        return self.until(lambda d: d.find_elements(By.CSS_SELECTOR, selector), selector)[0]

    def press(self, selector):
        button = self.find(selector)
        self.until(lambda _: button.is_displayed(), f"{selector} is shown")
        button.click()

    def at(self, path):
        self.until(lambda d: d.current_url == self.url + path, f"{path} from {self.driver.current_url}")

    def sign_in(self, name, password):
        self.open("/.mantlet/sign-in")
        self.find("#username").send_keys(name)
        self.find("#password").send_keys(password)
        self.press("form[action='/.mantlet/sign-in'] button")

    def forget(self):
        """What signing out leaves: nothing."""
        self.driver.delete_all_cookies()


def story(visitor, name, password):
    """What is seen on the way."""
    seen = {}
    driver = visitor.driver
    visitor.sign_in(name, password)
    visitor.at("/")
    visitor.open("/.mantlet/profile")
    visitor.find("#passkey-label").send_keys("virtual key")
    visitor.press("form[action='/.mantlet/profile/passkeys'] button")
    visitor.press("form[data-passkey=create] button")
    visitor.find("ul.codes")
    seen["codes"] = len(driver.find_elements(By.CSS_SELECTOR, "ul.codes li"))

    visitor.forget()
    visitor.open("/.mantlet/sign-in?next=/alone")
    visitor.press("form[data-passkey=get] button")
    visitor.at("/alone")
    seen["alone"] = driver.find_element(By.TAG_NAME, "body").text

    visitor.forget()
    visitor.sign_in(name, password)
    visitor.at("/.mantlet/second-factor")
    visitor.press("form[data-passkey=get] button")
    visitor.at("/")
    seen["beside"] = driver.find_element(By.TAG_NAME, "body").text

    # Whoever is not recognised by the authenticator gets nowhere, and is told.
    driver.execute_cdp_cmd(
        "WebAuthn.setUserVerified",
        {"authenticatorId": seen_authenticator[0], "isUserVerified": False},
    )
    visitor.forget()
    visitor.open("/.mantlet/sign-in")
    visitor.press("form[data-passkey=get] button")
    told = visitor.find("form[data-passkey=get] [role=alert]")
    visitor.until(lambda _: told.is_displayed(), "an alert")
    seen["told"] = told.text
    seen["complaints"] = [
        entry["message"]
        for entry in driver.get_log("browser")
        if entry["level"] == "SEVERE" and "favicon" not in entry["message"]
    ]
    return seen


seen_authenticator = []


def main():
    url, name, password = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="mantlet-chromium-") as profile:
        options = webdriver.ChromeOptions()
        for flag in [*FLAGS, f"--user-data-dir={profile}"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        options.binary_location = shutil.which("chromium")
        driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        driver.set_page_load_timeout(PATIENCE_SECS)
        try:
            driver.execute_cdp_cmd("WebAuthn.enable", {})
            made = driver.execute_cdp_cmd("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
            seen_authenticator.append(made["authenticatorId"])
            print(json.dumps(story(Visitor(driver, url), name, password)))
        finally:
            driver.quit()


main()
