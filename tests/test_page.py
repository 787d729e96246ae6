"""The page in real headless Chromium, over the scripted answerer: ask, check a citation, follow up, reload, keyboard, phone."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.repair import fold
from qa.server.app import create_app
from qa.settings import Settings
from qa.types import Answer
from tests.scripted_answerer import running, sentences, serve_folder

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
HOSTILE = (
    '<img src="/boom" onerror="boom=1"> <script>boom=2</script> [click](javascript:boom=3) ![x](https://evil/?q=1) '
    "🏳️‍🌈 surrounds the castle of Boom. <b>Boom</b> fell in 1999 & rose. "
    "</mark></p><style>*{display:none}</style> ends the siege of Boom.\n"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    sync_api = pytest.importorskip("playwright.sync_api", reason="the Python package playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("work") / "articles"
    folder.mkdir()
    for path in (ROOT / "seeds").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "hostile.md").write_text(HOSTILE)
    app = create_app(Settings(), lambda: serve_folder(folder), lambda: "g1")
    with running(app) as url:
        yield url


@pytest.fixture
def page(browser, url: str) -> Iterator[object]:  # type: ignore[no-untyped-def]
    yield from opened(browser, url, DESKTOP)


@pytest.fixture
def phone(browser, url: str) -> Iterator[object]:  # type: ignore[no-untyped-def]
    yield from opened(browser, url, PHONE)


def opened(browser, url: str, size: dict) -> Iterator[object]:  # type: ignore[no-untyped-def]
    """A page in a context of its own; any script error, console error or request to another host fails the test."""
    context = browser.new_context(viewport=size, accept_downloads=True)
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: None if request.url.startswith((url, "blob:")) else faults.append(request.url))
    page.goto(url)
    page.wait_for_selector("#shelf button")
    yield page
    context.close()
    assert faults == []


def ask(page, question: str) -> None:  # type: ignore[no-untyped-def]
    turns = page.locator(".turn:not([aria-busy])").count()
    page.fill("#question", question)
    page.keyboard.press("Enter")
    page.wait_for_function("n => document.querySelectorAll('.turn:not([aria-busy])').length > n", arg=turns)


def stored(page) -> list[dict]:  # type: ignore[no-untyped-def]
    return json.loads(page.evaluate("sessionStorage.getItem('conversation')"))


def marked(page) -> str:  # type: ignore[no-untyped-def]
    page.wait_for_selector("mark")
    return fold(page.locator("mark").inner_text())


def test_each_citation_opens_the_article_at_its_quote(page) -> None:  # type: ignore[no-untyped-def]
    ask(page, "Who was wounded in the battle of Gao?")
    [answer] = stored(page)
    assert page.locator(".turn .answer .cite").count() == len(answer["citations"]) > 1
    for number, citation in enumerate(answer["citations"]):
        page.locator(".answer .cite").nth(number).click()
        page.wait_for_function(
            "text => document.querySelector('#source-place').textContent.includes(text)",
            arg=f"{citation['source']}:{citation['line']}",
        )
        assert marked(page) == fold(citation["quote"])
        assert page.locator("mark").is_visible()
        box, paper = page.locator("mark").bounding_box(), page.locator("#paper").bounding_box()
        assert paper["y"] <= box["y"] and box["y"] < paper["y"] + paper["height"]
        assert page.locator("#step").inner_text() == f"{number + 1} of {len(answer['citations'])}"


def test_mojibake_and_wide_characters_do_not_shift_the_highlight(page) -> None:  # type: ignore[no-untyped-def]
    ask(page, "Touré president coup April 2012 interim")
    page.locator(".proof", has_text=".txt").first.click()
    [answer] = stored(page)
    assert marked(page) == fold(answer["citations"][0]["quote"])
    ask(page, "When did Boom rose fell 1999?")
    citation = next(c for c in stored(page)[1]["citations"] if "1999" in c["quote"])
    page.locator(".turn").nth(1).locator(".proof", has_text="1999").click()
    page.wait_for_function("() => document.querySelector('#source-place').textContent.includes('hostile.md')")
    assert marked(page) == fold(citation["quote"])


def test_unsupported_sentences_conflicts_and_abstentions_are_visible(page) -> None:  # type: ignore[no-untyped-def]
    ask(page, "How do the battles differ? And invent something")
    turn = page.locator(".turn").last
    assert turn.locator(".badge").inner_text() == "The sources disagree"
    assert turn.locator(".confidence").inner_text() == "87 % confident"
    assert turn.locator(".claim.unsupported").inner_text() == "Nobody wrote this."
    assert turn.locator(".flag").inner_text() == "not supported"
    left, right = turn.locator(".values li").evaluate_all("values => values.map(value => value.getBoundingClientRect().toJSON())")
    assert left["y"] == right["y"] and left["x"] < right["x"]
    turn.locator(".values .cite").nth(1).click()
    assert marked(page) == fold(stored(page)[0]["citations"][1]["quote"])
    ask(page, "xyzzy")
    assert page.locator(".turn").last.locator(".badge").inner_text() == "Not answered by the articles"


def test_a_follow_up_survives_a_reload_with_the_open_article(page) -> None:  # type: ignore[no-untyped-def]
    ask(page, "Who was wounded in the battle of Gao?")
    ask(page, "And who commanded them?")
    assert page.locator(".read-as").inner_text() == "Read as: And who commanded them? (Who was wounded in the battle of Gao?)"
    page.locator(".turn").nth(1).locator(".cite").first.click()
    quote, texts = marked(page), page.locator(".turn").all_inner_texts()
    page.reload()
    assert marked(page) == quote
    assert page.locator(".turn").all_inner_texts() == texts
    assert page.locator("#step").inner_text().startswith("1 of")
    ask(page, "And when?")
    assert stored(page)[2]["standalone_question"].startswith("And when? (And who commanded them?")


def test_everything_can_be_done_by_keyboard(page) -> None:  # type: ignore[no-untyped-def]
    page.locator("#question").focus()
    page.keyboard.type("Who was wounded in the battle of Gao?")
    page.keyboard.press("Enter")
    page.wait_for_selector(".proof")
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    page.keyboard.press("Tab")
    for _ in range(20):
        if page.evaluate("document.activeElement.classList.contains('cite')"):
            break
        page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_selector("mark")
    page.wait_for_function("() => document.activeElement.id === 'source-title'")
    page.keyboard.press("Escape")
    page.wait_for_function("() => document.activeElement.classList.contains('cite')")
    assert page.locator("#source").is_hidden()


def test_a_screen_reader_is_told_of_the_answer_and_every_control_has_a_name(page) -> None:  # type: ignore[no-untyped-def]
    ask(page, "How do the battles differ? And invent something")
    said = page.locator("#spoken").inner_text()
    assert said.startswith("The sources disagree, confidence 87 %, 4 citations, 1 sentence not supported.")
    page.locator(".cite").first.click()
    page.wait_for_selector("mark")
    names = page.evaluate(
        "[...document.querySelectorAll('button, textarea')].map(e => (e.innerText || e.labels?.[0]?.innerText || '').trim())"
    )
    assert all(names)
    tree = page.locator("body").aria_snapshot()
    assert 'textbox "Your question"' in tree and 'complementary "' in tree and 'button "Citation 1"' in tree


def test_text_of_documents_and_models_stays_text(page) -> None:  # type: ignore[no-untyped-def]
    before = page.locator("img, script, style, a").count()
    ask(page, "<img src=x onerror=alert(1)> Boom castle siege")
    assert "<script>boom=2</script> [click](javascript:boom=3)" in page.locator(".turn").inner_text()
    page.locator(".proof").first.click()
    page.wait_for_selector("mark")
    assert fold(page.locator("#paper").inner_text()) == fold(HOSTILE)
    assert page.evaluate("typeof boom") == "undefined"
    assert page.locator("img, script, style, a").count() == before
    page.reload()
    page.wait_for_selector("mark")
    assert page.locator("img, script, style, a").count() == before


def test_the_browser_itself_refuses_text_as_html(browser, url: str) -> None:  # type: ignore[no-untyped-def]
    page = browser.new_page()
    page.goto(url)
    assert (
        page.evaluate("() => { try { document.body.innerHTML = '<i>x</i>'; return '' } catch (error) { return error.name } }")
        == "TypeError"
    )
    page.close()


@pytest.mark.parametrize(
    "address",
    ["#source=../../etc/passwd&start=0&end=5", "#source=%3Cimg%20src=x%20onerror=alert(1)%3E", "#source=x&start=a&end=b"],
)
def test_a_wrong_address_says_so(browser, url: str, address: str) -> None:  # type: ignore[no-untyped-def]
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{url}/{address}")
    page.wait_for_function("() => document.querySelector('#source-title').textContent.length > 0")
    assert page.locator("#source-title").inner_text() in (
        "the index has no such source; GET /v1/sources lists them",
        "there is nothing at /v1/sources/../../etc/passwd",
    )
    assert page.locator("#source img").count() == 0
    context.close()


def test_an_answer_can_be_copied_and_saved_for_verification(page, url: str) -> None:  # type: ignore[no-untyped-def]
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=url)
    ask(page, "Who was wounded in the battle of Gao?")
    [answer] = stored(page)
    page.get_by_role("button", name="Copy with citations").click()
    page.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    first = answer["citations"][0]
    assert copied.startswith(f"{answer['question']}\n\n{answer['answer']}\n")
    assert f"[1] “{first['quote']}” ({first['title']} › History; {first['source']}:{first['line']})" in copied
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as JSON").click()
    saved = json.loads(download.value.path().read_text())
    assert Answer.from_dict(saved).answer == answer["answer"]


def test_nothing_is_wider_than_the_narrowest_phone(phone) -> None:  # type: ignore[no-untyped-def]
    phone.set_viewport_size({"width": 320, "height": 640})
    assert phone.evaluate("document.documentElement.scrollWidth") == 320
    ask(phone, "Who was wounded in the battle of Gao?")
    assert phone.evaluate("document.documentElement.scrollWidth") == 320
    phone.locator(".cite").first.click()
    marked(phone)
    one_line = 2 * phone.evaluate("parseFloat(getComputedStyle(document.querySelector('#step')).lineHeight)")
    assert phone.locator("#step").bounding_box()["height"] < one_line > phone.locator("#original").bounding_box()["height"]


def test_on_a_phone_the_article_covers_the_page_and_back_returns(phone) -> None:  # type: ignore[no-untyped-def]
    ask(phone, "Who was wounded in the battle of Gao?")
    assert phone.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    phone.locator(".cite").first.click()
    assert marked(phone) == fold(stored(phone)[0]["citations"][0]["quote"])
    assert phone.locator("#source").bounding_box() == {"x": 0, "y": 0, **PHONE}
    assert phone.evaluate("document.querySelector('#talk').inert")
    phone.locator("#next").click()
    phone.wait_for_function("document.querySelector('#step').textContent.startsWith('2 of')")
    phone.go_back()
    phone.locator("#source").wait_for(state="hidden")
    assert not phone.evaluate("document.querySelector('#talk').inert")


def test_a_key_is_asked_for_and_kept_for_the_session(browser) -> None:  # type: ignore[no-untyped-def]
    app = create_app(Settings(api_keys=("open sesame",)), lambda: serve_folder(ROOT / "seeds"), lambda: "g1")
    with running(app) as url:
        context = browser.new_context()
        page = context.new_page()
        page.goto(url)
        page.locator("#key").fill("open sesame")
        page.get_by_role("button", name="Use key").click()
        page.wait_for_selector("#shelf button")
        ask(page, "Who was wounded in the battle of Gao?")
        page.locator(".cite").first.click()
        assert marked(page) == fold(stored(page)[0]["citations"][0]["quote"])
        context.close()


def test_a_quote_is_found_after_its_file_was_edited_or_renamed(browser, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "articles"
    shutil.copytree(ROOT / "seeds", folder)
    generation = ["g1"]
    app = create_app(Settings(reload_s=0.05), lambda: serve_folder(folder, generation[0]), lambda: generation[0])
    with running(app) as url:
        context = browser.new_context(viewport=DESKTOP)
        page = context.new_page()
        page.goto(url)
        page.wait_for_selector("#shelf button")
        ask(page, "Who was wounded in the battle of Gao?")
        citation = stored(page)[0]["citations"][0]
        file = folder.parent / citation["source"]
        file.write_bytes(b"A new first line.\n" + file.read_bytes())
        page.locator(".cite").first.click()
        page.wait_for_selector("#source-warning:not([hidden])")
        assert marked(page) == fold(citation["quote"])
        assert page.locator("#source-warning").inner_text().endswith(f"the quote stands in line {citation['line'] + 1}.")
        page.keyboard.press("Escape")
        page.wait_for_selector("#source", state="hidden")
        file.rename(folder / "renamed.txt")
        sentences.cache_clear()
        generation[0] = "g2"
        page.wait_for_function("() => fetch('readyz').then((r) => r.json()).then((state) => state.generation === 'g2')")
        page.locator(".cite").first.click()
        page.wait_for_function("() => document.querySelector('#source-place').textContent.includes('renamed.txt')")
        assert marked(page) == fold(citation["quote"])
        told = f"the quote now stands in articles/renamed.txt, line {citation['line'] + 1}."
        assert page.locator("#source-warning").inner_text().endswith(told)
        (folder / "renamed.txt").write_text("Nothing of it.\n")
        sentences.cache_clear()
        generation[0] = "g3"
        page.wait_for_function("() => fetch('readyz').then((r) => r.json()).then((state) => state.generation === 'g3')")
        page.keyboard.press("Escape")
        page.wait_for_selector("#source", state="hidden")
        page.locator(".cite").first.click()
        page.wait_for_function("() => document.querySelector('#source-title').textContent.includes('no such source')")
        assert page.locator("mark").count() == 0
        context.close()


@pytest.mark.slow
def test_a_real_server_over_a_real_index_with_a_hostile_article(browser, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from eval.load import build, serving

    folder = tmp_path / "articles"
    shutil.copytree(ROOT / "seeds", folder)
    (folder / "hostile.md").write_text(f"# The castle of Boom\n\nThe siege of the castle of Boom began in 1999. {HOSTILE}")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QA_")}
    environment |= {"QA_INDEX": str(tmp_path / "index"), "QA_THRESHOLD": "0"}
    build(folder, environment)
    with serving(environment) as url:
        for page in opened(browser, url, DESKTOP):
            for question in (
                "Who was wounded in the Battle of Gao?",
                "And who commanded them?",
                "When did the siege of the castle of Boom begin?",
            ):
                ask(page, question)
            answers = stored(page)
            assert answers[1]["standalone_question"] != "And who commanded them?"
            for turn, answer in enumerate(answers):
                assert answer["citations"]
                for number, citation in enumerate(answer["citations"]):
                    page.locator(".turn").nth(turn).locator(".proof").nth(number).click()
                    place = f"{citation['source']}:{citation['line']}"
                    page.wait_for_function("text => document.querySelector('#source-place').innerText.includes(text)", arg=place)
                    assert marked(page) == citation["quote"]
            assert page.evaluate("typeof boom") == "undefined"
            assert page.locator("img, style").count() == 0
