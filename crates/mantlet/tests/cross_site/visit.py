"""Opens pages in a headless Chromium, one after another, and prints what each says of itself.

    visit.py URL...

A page is done when its title begins with `done`. The titles are printed as a JSON list. Hosts below
`test` are this machine.
"""

import json
import shutil
import sys
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE_SECS = 60
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
    "--disable-popup-blocking",
    # The pages of a test have no certificates.
    "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable",
    "--host-resolver-rules=MAP *.test 127.0.0.1",
]


def titles(urls: list[str]) -> list[str]:
    """What the pages say when they are done."""
    found = []
    with tempfile.TemporaryDirectory(prefix="mantlet-chromium-") as profile:
        options = webdriver.ChromeOptions()
        for flag in [*FLAGS, f"--user-data-dir={profile}"]:
            options.add_argument(flag)
        options.binary_location = shutil.which("chromium")
        driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        driver.set_page_load_timeout(PATIENCE_SECS)
        try:
            for url in urls:
                driver.get(url)
                WebDriverWait(driver, PATIENCE_SECS).until(lambda d: d.title.startswith("done"), url)
                found.append(driver.title)
        finally:
            driver.quit()
    return found


print(json.dumps(titles(sys.argv[1:])))
