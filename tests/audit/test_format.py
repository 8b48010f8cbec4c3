"""The form of the record: frozen lines and keys, and a second reader made from the document."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.recording import make_record

from jupyter_secure.audit import chain, line
from jupyter_secure.audit.actions import ACTIONS, CLASS_NAMES, OTHER
from jupyter_secure.audit.events import Event, Outcome, Recorded, Who, decode, encode
from jupyter_secure.audit.exporting import FORMATS, one_line
from jupyter_secure.audit.verification_key import VerificationKey, read_keys
from jupyter_secure.errors import InvalidInput

VECTORS = Path(__file__).parents[1] / "vectors"
FROZEN = json.loads((VECTORS / "record.json").read_text())
SAMPLE = Event(
    "file:rename",
    Outcome.REFUSED,
    Who("alice", "session-1", "token-1", "kernel-1"),
    "192.0.2.7",
    path="a\nb/ü.ipynb",
    file_id="ab" * 16,
    to="c.ipynb",
    reason="locked",
    target="bob",
    correlation="0123456789abcdef",
    details={"number": 1, "flag": True, "text": "x"},
)


def test_frozen_lines() -> None:
    """Lines, links and keys are what they were when the form was fixed."""
    key = chain.first_key(bytes.fromhex(FROZEN["segment_key"]))
    prev = chain.NO_LINK
    for number, frozen in enumerate(FROZEN["lines"], 1):
        made = line.make(number, prev, 1700000000000 + number, 5000 + number, encode(SAMPLE), key)
        assert made.decode() == frozen
        prev, key = chain.link(made), chain.next_key(key)
    assert key.hex() == FROZEN["key_after"]
    following = chain.next_segment_key(bytes.fromhex(FROZEN["segment_key"]))
    assert following.hex() == FROZEN["next_segment_key"]
    assert chain.proof(key, b"statement") == FROZEN["proof"]


def test_frozen_verification_key() -> None:
    """A verification key that was printed once is read for ever."""
    key = VerificationKey(bytes(range(16)), 7, bytes(range(32)), bytes(range(32, 64)))
    assert key.to_text() == FROZEN["verification_key"]
    for text in (key.to_text(), key.to_text().lower(), f"  {key.to_text().replace('-', ' ')}\n"):
        assert read_keys(text) == (key,)


@pytest.mark.parametrize("text", ["", "hello", "jsrec1-AAAA", "jsrec1-" + "A" * 141, "jsrec1-ü"])
def test_no_verification_keys(text: str) -> None:
    """What is no verification key is refused in words, and repeated in none."""
    with pytest.raises(InvalidInput) as caught:
        read_keys(text)
    assert caught.value.remedy
    assert "AAAA" not in str(caught.value)


def test_a_mistyped_verification_key() -> None:
    """Each single character that is wrong is noticed."""
    text = FROZEN["verification_key"]
    for at in range(7, len(text)):
        if text[at] != "-":
            wrong = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
            with pytest.raises(InvalidInput):
                read_keys(wrong)


def test_an_independent_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader of a page, written from the document, checks a record and finds a change."""
    monkeypatch.syspath_prepend(str(VECTORS))
    from independent_record import check

    folder = tmp_path / "audit"
    folder.mkdir()
    key, files = make_record(folder)
    files.close()
    assert check(folder, key.to_text()) > 40
    path = folder / "record-00000002.jsonl"
    path.write_bytes(path.read_bytes().replace(b"alice", b"malle", 1))
    with pytest.raises(AssertionError):
        check(folder, key.to_text())
    sys.modules.pop("independent_record")


texts = st.text(st.characters(codec=None), max_size=5000)
wild = st.builds(
    Event,
    st.sampled_from(sorted(ACTIONS)),
    st.sampled_from(Outcome),
    st.builds(Who, texts, texts, texts, texts),
    texts,
    path=texts,
    to=texts,
    file_id=texts,
    reason=texts,
    target=texts,
    correlation=st.text("0123456789abcdef", max_size=16),
    details=st.dictionaries(st.text(max_size=9), st.one_of(texts, st.integers(), st.booleans())),
)


@settings(deadline=None, max_examples=150)
@given(wild)
def test_wild_events(event: Event) -> None:
    """Whatever stands in an event, it is one line of ASCII, vouched for, and reads back."""
    key = chain.new_segment_key()
    made = line.make(5, chain.NO_LINK, 1, 1, encode(event), key)
    assert made.isascii()
    assert made.count(b"\n") == 1
    assert len(made) <= line.MAX_LINE_BYTES
    assert line.is_genuine(made, key)
    assert not line.is_genuine(made, chain.next_key(key))
    head = line.head(made)
    assert head is not None
    assert head.seq == 5
    read = decode(made)
    assert (read.seq, read.event.action) == (5, event.action)
    assert read.event.outcome is event.outcome
    if len(event.path) <= 1024:
        assert read.event.path == event.path
    for form in FORMATS:
        assert one_line(form, read, "1.0").isprintable() or form in {"csv", "cef"}
        assert "\n" not in one_line(form, read, "1.0")
        one_line(form, read, "1.0").encode()


def test_a_path_of_four_kilobytes() -> None:
    """The longest path that Linux has is recorded to its end."""
    for path in ("ü" * 2048, "\udcff" * 4096, "𝄞" * 1024):
        made = line.make(1, chain.NO_LINK, 1, 1, encode(Event("file:open", path=path)), bytes(32))
        assert decode(made).event.path == path


def test_the_sample_comes_back() -> None:
    """Every field of an event is in its line."""
    made = line.make(1, chain.NO_LINK, 7, 8, encode(SAMPLE), bytes(32))
    assert decode(made) == Recorded(1, 7, SAMPLE)


def test_formulas_in_csv() -> None:
    """A name that a spreadsheet would run is text in CSV."""
    made = one_line("csv", Recorded(1, 1, Event("file:open", path="=1+1")), "1")
    assert ",'=1+1," in made


def test_ocsf() -> None:
    """An exported event has what every class of OCSF requires, with matching numbers."""
    for action in ACTIONS.values():
        made = json.loads(one_line("ocsf", Recorded(1, 1, Event(action.name)), "1"))
        assert made["type_uid"] == made["class_uid"] * 100 + made["activity_id"]
        assert made["class_name"] == CLASS_NAMES[action.ocsf]
        assert made["category_uid"] == made["class_uid"] // 1000
        assert {"time", "severity_id", "status_id", "metadata"} <= made.keys()
        assert ("activity_name" in made) == (action.activity == OTHER)


def test_what_is_no_event() -> None:
    """An action that is not in the catalogue is a slip of ours, and is refused."""
    with pytest.raises(ValueError, match="catalogue"):
        encode(Event("file:smell"))
    for blob in (b"", b"{}", b"[]", b"null", b'{"seq":1,"time":1,"metadata":{}}', b"\xff"):
        with pytest.raises(ValueError, match=r".*"):
            decode(blob)


def test_the_document_lists_every_action() -> None:
    """docs/reference/audit.md has each action with its class, and none that is not there."""
    text = (Path(__file__).parents[2] / "docs" / "reference" / "audit.md").read_text()
    listed = [
        tuple(cell.strip() for cell in row.split("|")[1:-1])
        for row in text.splitlines()
        if row.startswith("| `") and row.count("|") == 5 and ":" in row.split("`")[1]
    ]
    expected = [
        (f"`{action.name}`", action.said, f"{int(action.ocsf)}", f"{action.activity}")
        for action in ACTIONS.values()
    ]
    assert listed == expected
