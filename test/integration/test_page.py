# SPDX-License-Identifier: Apache-2.0
"""The page of `sluice serve`, in a real Chromium: what people see, click and type, and what a screen reader would find."""

import gzip
import pathlib
import re
import sys
import urllib.request

import pytest

pytest.importorskip("selenium", reason="python3-selenium is not installed")

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(pathlib.Path(__file__).parent / "page"), str(ROOT / "web" / "dev")]

from selenium.webdriver.common.keys import Keys  # noqa: E402

from browser import Browser, NoAxe, axe_source  # noqa: E402
from delivery import Delivery, PageServer  # noqa: E402
from fake_sluice import FakeSluice  # noqa: E402
from maven_server import server  # noqa: E402, F401 (a fixture)

WIDE, NARROW = 1280, 390
SIZE_MOST = 100_000  # of the first load, compressed
TABS_MOST = 60


@pytest.fixture(scope="module")
def serve(tmp_path_factory, sluice, server, ticks, two_sandboxes):
    """The server that the page comes from: .url, .token(role), .waiting_run() of prod that `approver` may approve."""
    delivery = Delivery(tmp_path_factory.mktemp("page"), sluice, server, ticks, two_sandboxes)
    yield PageServer(delivery)
    delivery.close()


@pytest.fixture(scope="module")
def chromium():
    with Browser() as browser:
        yield browser


@pytest.fixture
def browser(chromium, serve):
    """A wide one, with nobody signed in; what it complains about fails the test."""
    yield from fresh(chromium, serve.url)


@pytest.fixture
def fake(chromium):
    """A fake server of the test's own, for what a real one can't be made to do when one wants it."""
    fake = FakeSluice()
    yield fake
    fake.stop()


def fresh(chromium, url):
    chromium.look(WIDE)
    chromium.open(url)
    chromium.driver.delete_all_cookies()
    chromium.open(url)
    chromium.wait(lambda: chromium.all("#token"), "the sign-in form")
    chromium.console()
    yield chromium
    assert complaints(chromium) == []


def complaints(browser):
    """All but Chromium's word that asking who we are was answered with 401, which is how the page finds out."""
    return [
        message for message in browser.console() if not ("/api/v1/session" in message and "401" in message)
    ]


def sign_in(browser, server, role, path="/"):
    if path != "/":
        browser.open(server.url + path)
    browser.wait(lambda: browser.all("#token"), "the sign-in form")
    browser.one("#token").send_keys(server.token(role) + Keys.ENTER)
    browser.wait(lambda: browser.all("header nav") and browser.all("main h1"), "the page after signing in")


def go_to_run(browser, server, role, run):
    sign_in(browser, server, role, f"/runs/{run}")
    browser.wait(lambda: browser.all("#approval"), "the approval")


def mark(browser):
    """What does not outlive a reload."""
    browser.run("window.marked = true")


def is_marked(browser):
    return browser.run("return window.marked === true")


def test_signing_in_and_out(browser, serve):
    sign_in(browser, serve, "viewer")
    assert browser.driver.title.startswith("Overview")
    assert browser.run("return document.cookie") == "", "scripts can read the session"
    browser.button("Sign out", "header").click()
    browser.wait(lambda: browser.all("#token"), "the sign-in form")
    browser.open(f"{serve.url}/runs")
    browser.wait(lambda: browser.all("#token"), "the sign-in form, since the session is over")


def test_a_wrong_token_is_explained(browser, serve):
    browser.one("#token").send_keys("nobody's" + Keys.ENTER)
    problem = browser.wait(lambda: browser.text("[role=alert]"), "what is wrong")
    assert "token" in problem.lower()
    assert browser.focused().get_attribute("id") == "token"


def test_the_matrix_shows_instances_and_environments(browser, serve):
    sign_in(browser, serve, "viewer")
    environments = [heading.text for heading in browser.all(".matrix thead th[scope=col] a")]
    assert len(environments) >= 2
    rows = browser.all(".matrix tbody tr")
    assert rows and all(len(row.find_elements("css selector", "td")) == len(environments) for row in rows)
    assert all(row.find_element("css selector", "th[scope=row]").text for row in rows)
    browser.look(NARROW)
    cards = browser.wait(lambda: browser.all(".card h3"), "cards where there is no room for a table")
    assert [card.text for card in cards] == environments


def test_the_matrix_leads_to_an_instance(browser, serve):
    sign_in(browser, serve, "viewer")
    mark(browser)
    name = browser.one(".matrix tbody .instance-name").text
    browser.one(".matrix tbody a.cell").click()
    browser.wait(lambda: browser.all(".instance"), "the environment")
    assert browser.wait(lambda: browser.focused().text == name, "the focus on the instance")
    assert is_marked(browser)
    browser.driver.back()
    browser.wait(lambda: browser.all(".matrix"), "the overview again")


def test_approving_moves_the_run_on_without_reloading(browser, serve):
    run = serve.waiting_run()
    sign_in(browser, serve, "approver")
    mark(browser)
    browser.wait(lambda: "for you" in browser.text(".waiting h2"), "what waits for the approver")
    browser.wait(lambda: browser.all(f".waiting a[href='/runs/{run}']"), "the run").pop().click()
    browser.wait(lambda: browser.all("#plan .plan"), "the plan")
    browser.button("Approve").click()
    browser.wait(lambda: "waits for approval" not in browser.text(".run-head"), "the run to move on")
    browser.wait(lambda: "done" in browser.text(".run-head .badge"), "the run to end well", seconds=300)
    assert is_marked(browser)
    assert browser.driver.title.startswith("Deploy to prod: done")


def test_approving_with_the_keyboard_alone(browser, serve):
    run = serve.waiting_run()
    go_to_run(browser, serve, "approver", run)
    for _ in range(TABS_MOST):
        if browser.focused().text == "Approve":
            break
        browser.press(Keys.TAB)
    assert browser.focused().text == "Approve"
    assert (
        browser.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    ), "the focus can't be seen"
    browser.press(Keys.ENTER)
    browser.wait(lambda: "waits for approval" not in browser.text(".run-head"), "the run to move on")
    assert browser.focused().tag_name != "body", "the focus is lost"
    browser.wait(
        lambda: browser.run("return document.getElementById('said').textContent"), "words for a screen reader"
    )


def test_rejecting_says_why(browser, serve):
    run = serve.waiting_run()
    go_to_run(browser, serve, "approver", run)
    browser.button("Reject…").click()
    browser.wait(lambda: browser.all("dialog[open]"), "the question")
    browser.one("dialog textarea").send_keys("not on a Friday")
    browser.press(Keys.ESCAPE)
    browser.wait(lambda: not browser.all("dialog"), "the dialog to go")
    assert browser.focused().text == "Reject…", "the focus goes back where it was"
    browser.press(Keys.ENTER)
    browser.wait(lambda: browser.all("dialog textarea"), "the question").pop().send_keys("not on a Friday")
    browser.button("Reject", "dialog").click()
    browser.wait(lambda: "not on a Friday" in browser.text(), "the reason")
    assert not [button for button in browser.all("button") if button.text == "Approve"]


def test_who_may_not_approve_is_told_why(browser, serve):
    run = serve.waiting_run()
    go_to_run(browser, serve, "viewer", run)
    assert not [button for button in browser.all("main button") if button.text in ("Approve", "Reject…")]
    assert "role" in browser.text("#approval")


def test_a_plan_is_shown_as_in_a_terminal(browser, serve):
    run = serve.waiting_run()
    go_to_run(browser, serve, "viewer", run)
    marks = {mark.text for mark in browser.all(".plan .action .mark")}
    assert marks and marks <= {"+", "~", "-", "!"}
    assert re.search(r"Plan: \d+ to create, \d+ to change, \d+ to delete", browser.text(".plan"))
    assert "hmac" not in browser.text("#plan")


def test_shortcuts(browser, serve):
    sign_in(browser, serve, "viewer")
    browser.press("g", "r")
    browser.wait(lambda: browser.text("h1") == "Runs", "the runs")
    assert browser.driver.title == "Runs · Sluice"
    assert browser.focused().text == "Runs"
    browser.press("?")
    browser.wait(lambda: browser.all("dialog[open]"), "the help")
    browser.press(Keys.ESCAPE)
    browser.press("g", "o")
    browser.wait(lambda: browser.all(".matrix"), "the overview")
    browser.press("/")
    browser.press("g", "r")
    assert browser.focused().get_attribute("value") == "gr", "shortcuts are letters in a field"


def test_runs_can_be_filtered(browser, serve):
    serve.waiting_run()
    sign_in(browser, serve, "viewer", "/runs")
    browser.wait(lambda: browser.all(".runs li"), "runs")
    browser.one("#subject").send_keys("prod")
    browser.wait(
        lambda: {link.text for link in browser.all(".run-name")} == {"Deploy to prod"}, "those of prod"
    )
    assert browser.focused().get_attribute("id") == "subject", "the focus stays in the filter"
    assert browser.driver.current_url.endswith("/runs?subject=prod")


def paths(serve):
    return ["/", "/environments/prod", "/runs", f"/runs/{serve.waiting_run()}", "/audit", "/nothing-is-here"]


@pytest.fixture
def axe():
    try:
        return axe_source()
    except NoAxe as why:
        pytest.skip(str(why))


def test_accessible_and_fitting_everywhere(axe, browser, serve):
    browser.look(NARROW)
    found = [("sign in", look(browser, width, dark)) for width in (WIDE, NARROW) for dark in (False, True)]
    sign_in(browser, serve, "lead")
    for path in paths(serve):
        browser.open(serve.url + path)
        browser.wait(lambda: browser.all("main h1"), f"the heading of {path}")
        found += [(path, look(browser, width, dark)) for width in (WIDE, NARROW) for dark in (False, True)]
    assert [one for one in found if one[1]] == []


def look(browser, width, dark):
    """What is wrong at this width, in light or dark."""
    browser.look(width, dark)
    wide = browser.overflow()
    return browser.violations() + ([f"{wide} px too wide at {width}"] if wide > 0 else [])


def test_dialogs_are_accessible(axe, browser, serve):
    run = serve.waiting_run()
    go_to_run(browser, serve, "approver", run)
    browser.press("?")
    browser.wait(lambda: browser.all("dialog[open]"), "the help")
    assert browser.violations() == []
    browser.press(Keys.ESCAPE)
    browser.button("Reject…").click()
    browser.wait(lambda: browser.all("dialog[open]"), "the question")
    assert browser.violations() == []


def test_the_first_load_is_small(serve):
    size = 0
    for path in ("/", "/assets/page.js", "/assets/style.css"):
        with urllib.request.urlopen(serve.url + path, timeout=30) as answer:
            size += len(gzip.compress(answer.read(), 6))
    assert size < SIZE_MOST


def test_a_plan_that_moves_is_shown_before_it_can_be_approved(chromium, fake):
    """A fake: the moment between a look and a click can't be met with a real cluster."""
    for browser in fresh(chromium, fake.url):
        run = fake.waiting_run()
        go_to_run(browser, fake, "approver", run)
        before = browser.one("#approval .help code").get_attribute("title")
        fake.move_plan(run)
        browser.button("Approve").click()
        browser.wait(lambda: "moved" in browser.text("#approval"), "that the plan moved")
        after = browser.wait(
            lambda: browser.one("#approval .help code").get_attribute("title") != before, "the new plan"
        )
        assert after and fake.state(run) == "waiting"
        browser.wait(lambda: browser.button("Look at the new plan"), "the way to it").click()
        assert browser.focused().text == "Plan"
        browser.button("Approve").click()
        browser.wait(lambda: fake.state(run) != "waiting", "the run to move on")
        browser.wait(lambda: "waits for approval" not in browser.text(".run-head"), "the page to say so")
        assert [line for line in complaints(browser) if "409" not in line] == []


def test_the_log_follows_until_the_reader_scrolls_up(chromium, fake):
    """A fake: a log that grows when the test says so."""
    for browser in fresh(chromium, fake.url):
        run = fake.waiting_run()
        go_to_run(browser, fake, "viewer", run)
        for number in range(200):
            fake.log(fake.runs[run], "apply", f"line {number} — ✓")
        browser.wait(lambda: "line 199 — ✓" in browser.text(".log"), "the newest line")
        at_end = "const log = document.querySelector('.log'); return log.scrollTop + log.clientHeight >= log.scrollHeight - 2"
        assert browser.wait(lambda: browser.run(at_end), "the log at its end")
        browser.run("document.querySelector('.log').scrollTop = 0")
        browser.wait(lambda: browser.button("To the newest line"), "the way back")
        fake.log(fake.runs[run], "apply", "one more")
        browser.wait(lambda: "one more" in browser.text(".log"), "one more line")
        assert browser.run("return document.querySelector('.log').scrollTop") == 0
        browser.button("To the newest line").click()
        assert browser.wait(lambda: browser.run(at_end), "the log at its end again")


def test_pages_that_were_left_hold_no_connection(chromium, fake):
    """A fake: it tells who listens. A browser keeps pages to go back to, and has six connections to a server."""
    for browser in fresh(chromium, fake.url):
        sign_in(browser, fake, "viewer")
        for path in [
            "/runs",
            "/audit",
            "/environments/dev",
            "/environments/test",
            "/environments/prod",
            "/runs",
            "/",
        ]:
            browser.open(fake.url + path)
            browser.wait(lambda: browser.all("main h1"), f"the heading of {path}")
        browser.wait(lambda: len(fake.listeners) == 1, "the streams of pages that were left to end")
        browser.driver.back()
        browser.wait(
            lambda: browser.text("h1") == "Runs" and len(fake.listeners) == 1, "the page that is gone back to"
        )


def test_a_session_that_ends_leads_to_signing_in(chromium, fake):
    """A fake: it forgets who signed in when the test says so."""
    for browser in fresh(chromium, fake.url):
        sign_in(browser, fake, "viewer", "/runs")
        browser.driver.delete_all_cookies()
        browser.one("#subject").send_keys("dev")
        browser.wait(lambda: browser.all("#token"), "the sign-in form")
        browser.one("#token").send_keys(fake.token("viewer") + Keys.ENTER)
        browser.wait(lambda: browser.text("h1") == "Runs", "the page where it was")
        browser.console()


def test_a_lost_connection_is_said_and_mended(chromium, fake):
    """A fake: it goes and comes back under the page, with something changed meanwhile."""
    for browser in fresh(chromium, fake.url):
        sign_in(browser, fake, "viewer")
        mark(browser)
        port = int(fake.url.rsplit(":", 1)[1])
        fake.stop()
        browser.wait(lambda: "Not live" in browser.text("header"), "that the connection is lost")
        again = FakeSluice(port)
        try:
            again.find("dev")["holds"] = [
                {"plugin": "late", "version": "9.9.9", "why": "It came later.", "run": None}
            ]
            browser.wait(lambda: "It came later." in browser.text(), "what changed meanwhile", seconds=60)
            assert "Not live" not in browser.text("header")
            assert is_marked(browser)
        finally:
            again.stop()
            browser.console()
