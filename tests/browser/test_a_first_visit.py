"""The very first visits, which this file's name brings before all others: Streamlit begins in its discovery mode."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenTab


def test_an_address_without_a_page_says_so_and_leads_on(open_tab: OpenTab) -> None:
    tab = open_tab("no%20[page](x)?seed=5")
    expect(tab.get_by_role("heading", name="There is no such page", level=1)).to_be_visible()
    expect(tab.get_by_test_id("stAlert")).to_contain_text("Thaw has no page called 'no [page](x)'")
    expect(tab.get_by_role("dialog")).to_have_count(0)
    tab.get_by_role("combobox", name="Data").wait_for()
    tab.get_by_role("link", name="Go to the page Pipeline").click()
    expect(tab.get_by_role("heading", name="Fine-tuning, stage by stage", level=1)).to_be_visible()
    assert tab.url.endswith("/?seed=5")


def test_an_address_deeper_than_any_page_is_no_white_page(open_tab: OpenTab) -> None:
    tab = open_tab("no/such/page?seed=5")
    expect(tab.get_by_test_id("stAlert")).to_contain_text("Thaw has no page called 'no'")
    assert tab.url.endswith("/no?seed=5")
    tab = open_tab("train_live/chart?seed=5")
    expect(tab.get_by_role("heading", name="Train live", level=1)).to_be_visible()
    expect(tab.get_by_role("spinbutton", name="Seed")).to_have_value("5")


def test_a_first_visitor_may_come_in_by_a_deep_link(open_tab: OpenTab) -> None:
    tab = open_tab("train_live?seed=5")
    expect(tab.get_by_role("heading", name="Train live", level=1)).to_be_visible()
    expect(tab.get_by_test_id("stSidebar").get_by_role("link", name="Pipeline")).to_be_visible()
    expect(tab.get_by_role("spinbutton", name="Seed")).to_have_value("5")
