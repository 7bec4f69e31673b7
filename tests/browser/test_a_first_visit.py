"""The very first visit, which this file's name brings before all others: Streamlit is in its discovery mode then."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenTab


def test_a_first_visitor_may_come_in_by_a_deep_link(open_tab: OpenTab) -> None:
    tab = open_tab("train_live?seed=5")
    expect(tab.get_by_role("heading", name="Train live", level=1)).to_be_visible()
    expect(tab.get_by_test_id("stSidebar").get_by_role("link", name="Pipeline")).to_be_visible()
    expect(tab.get_by_role("spinbutton", name="Seed")).to_have_value("5")
