"""Review in Streamlit's test harness: cards are turned and rated, the sheet has own numbers, terms are found."""

from __future__ import annotations

from course import learners
from tests.made import OWNER, OpenPage, texts
from ui.frame import terms as marks


def test_a_card_is_turned_rated_and_the_next_one_comes(open_page: OpenPage) -> None:
    test = open_page("review")
    assert "Why is the base frozen" in texts(test)
    assert "A random head's gradients" not in texts(test)
    test.button(key="turn-freeze-first").click().run()
    assert "A random head's gradients" in texts(test)
    test.button(key="rate-freeze-first-good").click().run()
    assert not test.exception
    assert "Why is the learning rate usually lower" in texts(test)
    assert set(learners.load(OWNER).cards) == {"freeze-first"}
    assert "Why is the learning rate usually lower" in texts(open_page("review")), "a reload keeps the schedule"


def test_the_cheat_sheet_has_the_numbers_of_the_chosen_network(open_page: OpenPage) -> None:
    said = texts(open_page("review"))
    for part in ("11,176,512", "5,130", "75.1\u00a0%", "a recorded run"):
        assert part in said
    assert "ResNet-50" in texts(open_page("review", backbone="resnet50"))


def test_a_term_is_found_by_its_letters(open_page: OpenPage) -> None:
    test = open_page("review")
    test.text_input(key="find-term").set_value("softm").run()
    said = texts(test)
    assert "add up to 100 %" in said
    test.text_input(key="find-term").set_value("zzz").run()
    assert "No term has these letters" in texts(test)


def test_terms_are_explained_once_where_they_first_appear(open_page: OpenPage) -> None:
    test = open_page("train_live")
    helped = [element.help for element in test.markdown if element.help]
    assert any("One pass over all training images" in said for said in helped)
    together = "\n".join(helped)
    assert together.count("One pass over all training images") == 1
    assert marks.note([]) == ""
