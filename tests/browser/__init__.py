"""The HTML report in a real browser: Debian's Chromium, driven by Playwright."""
