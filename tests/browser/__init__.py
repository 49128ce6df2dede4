"""The report pages in a real Chromium: layout, keyboard, print, accessibility."""
