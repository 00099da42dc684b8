"""What the documents point at is there: links, headings, files of this repository, the libraries of the wheel."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")],
)
ADRS = sorted(ROOT.glob("docs/adr/*.md"))


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> Iterator[tuple[Path, str]]:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            yield (page.parent / path if path else page), anchor


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for path, anchor in links(page):
        assert path.exists(), path
        assert not anchor or anchor in anchors(path), (path, anchor)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_is_named_is_there(page: Path) -> None:
    for name in re.findall(r"`((?:src|tests|docs|demo|tools|requirements)/[\w./-]+)`", page.read_text()):
        assert (ROOT / name).exists(), name


def test_every_library_of_the_wheel_is_in_the_decision_about_libraries() -> None:
    wanted = [re.split(r"[;\[ ]", line)[0] for line in (ROOT / "requirements" / "runtime.in").read_text().splitlines()]
    page = (ROOT / "docs" / "adr" / "0008-libraries.md").read_text().lower()
    assert [name for name in wanted if name and not name.startswith("#") and name not in page] == []


@pytest.mark.parametrize("page", ADRS, ids=lambda page: page.stem)
def test_a_decision_says_its_number_its_name_and_its_state(page: Path) -> None:
    number = page.stem[:4]
    assert re.match(
        rf"# {number}: \S.*\n\nStatus: (?:accepted|superseded|proposed), \d{{4}}-\d\d-\d\d", page.read_text()
    )
