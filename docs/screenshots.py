"""Makes the pictures of the page in this folder: `make screenshots`. Needs playwright (extra `full`) and Chromium."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from eval.load import serving

HERE = Path(__file__).parent
QUESTION = "Who was wounded in the Battle of Gao?"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


def main() -> int:
    """Ask on a desktop in light and dark and on a phone, open the first citation, and keep what is seen."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with serving(dict(os.environ)) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for name, size, scheme in (("desktop", DESKTOP, "light"), ("dark", DESKTOP, "dark"), ("phone", PHONE, "light")):
            page = browser.new_context(viewport=size, color_scheme=scheme).new_page()
            page.goto(url)
            page.wait_for_selector("#shelf button")
            page.fill("#question", QUESTION)
            page.keyboard.press("Enter")
            page.wait_for_selector(".turn:not([aria-busy])")
            if name == "phone":
                keep(page, "phone")
            page.locator(".answer .cite").first.click()
            page.wait_for_selector("mark")
            keep(page, "phone-source" if name == "phone" else name)
        browser.close()
    return 0


def keep(page: Any, name: str) -> None:
    """One picture, once transitions and scrolling are over."""
    page.wait_for_timeout(600)
    page.screenshot(path=HERE / f"page-{name}.png")


if __name__ == "__main__":
    sys.exit(main())
