"""The language of a page: what a browser asks for, and whether every text is there in it."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, nodes

from jupyter_secure.errors import TooManyTries, WrongCredentials
from jupyter_secure.server.pages import sentences, templates
from jupyter_secure.server.pages.languages import ENGLISH, TRANSLATED, in_language, wanted

SERVER = Path(str(files("jupyter_secure.server")))
PAGES = SERVER / "pages"
LOCALE = SERVER / "locale"
TEMPLATES = sorted(path.name for path in PAGES.glob("*.html"))


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.5", "de"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("fr-FR,fr;q=0.9", "en"),
        ("fr,de;q=0.8,en;q=0.5", "de"),
        ("en;q=0.5,de;q=0.7", "de"),
        ("de;q=0", "en"),
        ("DE", "de"),
        ("de;q=nan", "en"),
        ("de;q=7", "en"),
        ("*", "en"),
        ("deutsch", "en"),
    ],
)
def test_the_language_is_the_best_that_the_browser_asks_for(header: str, language: str) -> None:
    """RFC 9110: weights count, the first of equals wins, and what we lack is passed over."""
    assert wanted(header) == language


@given(st.text())
def test_any_header_gives_one_of_our_languages(header: str) -> None:
    """Whatever a client sends, a page can be written."""
    assert wanted(header) in (ENGLISH, *TRANSLATED)


def collected() -> set[Any]:
    """Return every text that the pages mark for translation."""
    found: set[Any] = set()
    for path in (*PAGES.glob("*.html"), PAGES / "sentences.py"):
        method = "jinja2" if path.suffix == ".html" else "python"
        options = {"trimmed": "true", "silent": "false"} if method == "jinja2" else {}
        with path.open("rb") as file:
            for _, text, _, _ in extract(
                method, file, {**DEFAULT_KEYWORDS, "N_": None}, options=options
            ):
                found.add(tuple(text) if isinstance(text, (tuple, list)) else text)
    return {tuple(t for t in text if t) if isinstance(text, tuple) else text for text in found}


def texts_of(catalog: Catalog) -> dict[Any, Any]:
    """Return a catalogue's texts, without its header; a compiled one has lists for plurals."""
    return {
        message.id if isinstance(message.id, str) else tuple(message.id): (
            message.string if isinstance(message.string, str) else tuple(message.string)
        )
        for message in catalog
        if message.id
    }


def _both(text: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return singular and plural of a text that has them."""
    return (text,) if isinstance(text, str) else tuple(text)


@pytest.mark.parametrize("language", TRANSLATED)
class TestATranslation:
    """Each language that is offered."""

    @staticmethod
    def po(language: str) -> Catalog:
        """Read the translators' file."""
        with (LOCALE / language / "LC_MESSAGES" / "pages.po").open("rb") as file:
            return read_po(file, locale=language)

    def test_is_complete(self, language: str) -> None:
        """No text is missing, none is doubtful, and none is left over."""
        missing = [
            text
            for message in self.po(language)
            if message.id
            for text, translated in zip(_both(message.id), _both(message.string), strict=True)
            if message.fuzzy or not translated
        ]
        assert missing == []
        assert set(texts_of(self.po(language))) == collected()

    def test_is_compiled(self, language: str) -> None:
        """What runs is what the translators wrote; `make texts` compiles it."""
        with (LOCALE / language / "LC_MESSAGES" / "pages.mo").open("rb") as file:
            compiled = texts_of(read_mo(file))
        assert compiled == texts_of(self.po(language))

    def test_keeps_what_is_filled_in(self, language: str) -> None:
        """Names in a text, as in %(count)s, are the same in its translation."""
        pattern = re.compile(r"%\(\w+\)s")
        for text, translated in texts_of(self.po(language)).items():
            for one in _both(translated):
                assert set(pattern.findall(one)) == set(pattern.findall(_both(text)[-1]))


class _Words(HTMLParser):
    """Collects what a reader, or a screen reader, would be given."""

    _SHOWN = frozenset({"aria-label", "title", "placeholder", "alt"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._skipped += tag in ("style", "script", "title")
        self.found += [value for name, value in attrs if name in self._SHOWN and value]

    def handle_endtag(self, tag: str) -> None:
        self._skipped -= tag in ("style", "script", "title")

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.found.append(data)


#: Names and commands, which are the same in every language.
_SAME = ("curl -H ", "Authorization: Bearer", "api/contents", "UTC")


def bare_words(environment: Environment, source: str) -> list[str]:
    """Return the words that stand in a template outside of gettext."""
    source = re.sub(r"{% block size %}\w+{% endblock %}", "", source)  # a class, and no text
    tree = environment.parse(source)
    # A translated text is a call; what is left as data is what the author wrote into the page.
    html = "".join(
        part.data if isinstance(part, nodes.TemplateData) else "\x00"
        for output in tree.find_all(nodes.Output)
        for part in output.nodes
    )
    reader = _Words()
    reader.feed(html)
    words = []
    for text in reader.found:
        for same in _SAME:
            text = text.replace(same, "")  # noqa: PLW2901
        words += re.findall(r"[^\W\d_]{2,}", text)
    return words


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_template_holds_an_untranslated_text(name: str) -> None:
    """Every word that a page shows goes through gettext."""
    environment = templates(ENGLISH)
    assert bare_words(environment, (PAGES / name).read_text("utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "<p>Hello</p>",
        '<p aria-label="Hello">{{ _("x") }}</p>',
        "{% if a %}<b>Hello</b>{% endif %}",
        '{{ _("fine") }} Hello',
    ],
)
def test_an_untranslated_text_would_be_found(source: str) -> None:
    """The test above finds what it looks for."""
    assert bare_words(templates(ENGLISH), source) == ["Hello"]


def test_every_listed_sentence_is_one_that_an_error_says() -> None:
    """A sentence that was reworded is reworded for the translators too."""
    package = SERVER.parent
    source = io.StringIO()
    for path in package.rglob("*.py"):
        if path.name != "sentences.py":
            source.write(path.read_text("utf-8"))
    # Texts that go over two lines of source are two literals; f-strings name a length or a thing.
    joined = re.sub(r'"\s*\n\s*f?"', "", source.getvalue())
    joined = joined.replace("{MIN_LENGTH}", "10").replace("{called}", "password")
    missing = [one for one in sentences.SENTENCES if f'"{one}"' not in joined]
    assert missing == []


def test_an_error_speaks_the_language_of_its_reader() -> None:
    """Fixed sentences are translated, and so is the number of seconds to wait."""
    assert sentences.sentence("de", WrongCredentials()) == (
        "Benutzername, Passwort oder Code stimmt nicht."
    )
    assert sentences.sentence("de", TooManyTries(30)) == (
        "Zu viele Fehlversuche. Warten Sie 30 Sekunden und versuchen Sie es dann noch einmal."
    )
    assert sentences.sentence("en", TooManyTries(30)) == str(TooManyTries(30))


def test_what_has_no_translation_stays_as_it_is() -> None:
    """A sentence that names a file, say, is shown in English rather than not at all."""
    assert in_language("de", "“a.ipynb” is gone.") == "“a.ipynb” is gone."
    assert in_language("de", "") == ""
