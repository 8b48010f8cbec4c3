"""Whatever is done to a record is found, and nothing is found in one that was left alone."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support.recording import copy_record, event, make_record

from jupyter_secure.app.audit.checkpoint import checkpoint
from jupyter_secure.app.audit.retention import remove_old
from jupyter_secure.app.audit.setup_key import setup_key
from jupyter_secure.app.audit.verify import verify
from jupyter_secure.audit import chain, line
from jupyter_secure.audit.events import Event, encode
from jupyter_secure.audit.verification_key import VerificationKey
from jupyter_secure.store import audit_segments
from jupyter_secure.store.audit_folder import segment_path, segments
from jupyter_secure.store.audit_head import HeadFile
from jupyter_secure.store.audit_recorder import GroupRecorder
from jupyter_secure.store.audit_segments import RecordFiles

DAY_MS = 24 * 3600 * 1000


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, VerificationKey]:
    folder = tmp_path_factory.mktemp("original") / "audit"
    folder.mkdir()
    key, files = make_record(folder)
    files.close()
    checkpoint(folder)
    return folder, key


@pytest.fixture
def record(original: tuple[Path, VerificationKey], tmp_path: Path) -> Path:
    return copy_record(original[0], tmp_path / "audit")


@pytest.fixture
def key(original: tuple[Path, VerificationKey]) -> VerificationKey:
    return original[1]


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def test_untouched(record: Path, key: VerificationKey) -> None:
    """Of a record that was left alone every event is checked, and there is nothing to tell."""
    found = verify(record, [key])
    assert found.findings == []
    assert found.events == found.with_key == found.last_seq > 40
    assert found.segments == len(segments(record)) > 3
    assert found.checkpoints == 1
    assert verify(record).findings == []


def mutate(record: Path, dice: random.Random) -> str:
    """Change one thing in a record, at random; return what."""
    numbers = segments(record)
    path = segment_path(record, dice.choice(numbers))
    present, blob = lines_of(path), path.read_bytes()
    at = dice.randrange(len(present))
    kind = dice.choice(
        ["byte", "bit", "drop", "twice", "swap", "insert", "cut", "empty", "gone", "number", "end"]
    )
    if kind == "byte":
        place = dice.randrange(len(blob))
        new = dice.choice([one for one in range(256) if one != blob[place]])
        path.write_bytes(blob[:place] + bytes([new]) + blob[place + 1 :])
    elif kind == "bit":
        place = dice.randrange(len(blob))
        path.write_bytes(
            blob[:place] + bytes([blob[place] ^ 1 << dice.randrange(8)]) + blob[place + 1 :]
        )
    elif kind == "drop":
        last = dice.randrange(at, len(present)) + 1
        path.write_bytes(b"".join(present[:at] + present[last:]))
    elif kind == "twice":
        other = dice.randrange(len(present) + 1)
        path.write_bytes(b"".join([*present[:other], present[at], *present[other:]]))
    elif kind == "swap":
        other = (at + dice.randrange(1, len(present))) % len(present) if len(present) > 1 else 0
        if other == at:
            return mutate(record, dice)
        present[at], present[other] = present[other], present[at]
        path.write_bytes(b"".join(present))
    elif kind == "insert":
        made = line.make(at + 1, "0" * 64, 1, 1, encode(event(7)), dice.randbytes(32))
        path.write_bytes(b"".join([*present[:at], made, *present[at:]]))
    elif kind == "cut":
        path.write_bytes(blob[: dice.randrange(len(blob))])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "gone":
        path.unlink()
    elif kind == "number":
        other_path = segment_path(
            record, dice.choice([one for one in numbers if one != int(path.stem[-8:])])
        )
        other = other_path.read_bytes()
        other_path.write_bytes(blob)
        path.write_bytes(other)
    else:
        last_path = segment_path(record, numbers[-1])
        kept = lines_of(last_path)
        last_path.write_bytes(b"".join(kept[: dice.randrange(len(kept))]))
    return kind


def test_a_thousand_mutations(original: tuple[Path, VerificationKey], tmp_path: Path) -> None:
    """A thousand changes at random are all found, with the key; none is found without one."""
    folder, key = original
    dice = random.Random(20260)
    kinds: set[str] = set()
    for number in range(1000):
        record = copy_record(folder, tmp_path / "audit")
        before = {path.name: path.read_bytes() for path in record.iterdir()}
        kind = mutate(record, dice)
        assert before != {path.name: path.read_bytes() for path in record.iterdir()}, kind
        assert verify(record, [key]).first_broken, (number, kind)
        kinds.add(kind)
        shutil.rmtree(record)
    assert len(kinds) == 11
    assert verify(folder, [key]).findings == []


def rechained(present: list[bytes], begin: int, link: str) -> list[bytes]:
    """Number and link lines anew, as somebody without the keys can."""
    made = []
    for number, one in enumerate(present, begin):
        rest = one.split(b',"time":', 1)[1]
        made.append(b'{"seq":%d,"prev":"%b","time":%b' % (number, link.encode(), rest))
        link = chain.link(made[-1])
    return made


EDITS: list[tuple[str, Callable[[list[bytes]], list[bytes]], str, int]] = [
    ("an edit", lambda lines: [*lines[:3], lines[3].replace(b"alice", b"malle"), *lines[4:]],
     "edited", 3),
    ("a removal", lambda lines: [*lines[:3], *lines[4:]], "removed", 3),
    ("an insertion", lambda lines: [*lines[:3], lines[1], *lines[3:]], "inserted", 3),
    ("an exchange", lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]], "reordered", 3),
]  # fmt: skip


@pytest.mark.parametrize(("what", "edit", "kind", "at"), EDITS, ids=[one[0] for one in EDITS])
def test_the_first_is_named(
    record: Path,
    key: VerificationKey,
    what: str,
    edit: Callable[[list[bytes]], list[bytes]],
    kind: str,
    at: int,
) -> None:
    """What was done and to which event is said, with the key and without."""
    del what
    path = segment_path(record, 2)
    present = lines_of(path)
    expected = line.head(present[at])
    assert expected is not None
    path.write_bytes(b"".join(edit(present)))
    for keys in ([key], []):
        first = verify(record, keys).first_broken
        assert first is not None
        assert (first.kind, first.segment) == (kind, 2)
        # Without the key an edit shows in the link of the line after it.
        assert first.seq - expected.seq in ((0,) if keys or kind != "edited" else (0, 1))


@pytest.mark.parametrize("keep", [0, 1, 3])
def test_an_end_cut_off_with_a_head_to_match(record: Path, key: VerificationKey, keep: int) -> None:
    """Who takes the machine and cuts off the end cannot make a head that fits."""
    last = segments(record)[-1]
    path = segment_path(record, last)
    present = lines_of(path)
    assert len(present) > 3
    path.write_bytes(b"".join(present[:keep]))
    for checkpoints in record.glob("checkpoints*"):
        checkpoints.unlink()
    file = HeadFile(record / "head")
    head = file.read()
    assert head is not None
    before = lines_of(segment_path(record, last - 1))
    at = line.head(present[keep - 1] if keep else before[-1])
    assert at is not None
    link = chain.link(present[keep - 1] if keep else before[-1])
    for offset in (path.stat().st_size, 0):
        for seq in (at.seq, head.seq, 0, 1):
            file.write(replace(head, seq=seq, link=link, offset=offset))
            assert verify(record, [key]).first_broken, (offset, seq)
    file.close()


def test_rewritten_by_someone_without_the_key(record: Path, key: VerificationKey) -> None:
    """A whole record that was rewritten so that all links fit is found by the key alone."""
    for name in ("checkpoints.jsonl", "head"):
        (record / name).unlink()
    seq, link = 1, chain.NO_LINK
    for number in segments(record):
        path = segment_path(record, number)
        made = rechained([one.replace(b"alice", b"malle") for one in lines_of(path)], seq, link)
        path.write_bytes(b"".join(made))
        seq, link = seq + len(made), chain.link(made[-1])
    assert [one.kind for one in verify(record).findings] == ["head"]
    first = verify(record, [key]).findings[1]
    # The first event in which a word stands that was changed, not one that only was linked anew.
    assert (first.kind, first.seq) == ("edited", 3)


def test_a_checkpoint_elsewhere_shows_an_older_state(
    record: Path, key: VerificationKey, tmp_path: Path
) -> None:
    """A whole folder put back as it was looks whole, and a checkpoint kept elsewhere tells."""
    older = copy_record(record, tmp_path / "older")
    files = RecordFiles(record)
    files.append([encode(event())])
    files.close()
    kept = tmp_path / "kept.jsonl"
    kept.write_text(checkpoint(record).to_line() + "\n")
    assert verify(record, [key], [kept]).findings == []
    assert verify(older, [key]).findings == []
    first = verify(older, [key], [kept]).first_broken
    assert first is not None
    assert first.kind == "shortened"
    assert "checkpoint" in first.said


@pytest.mark.parametrize("field", ["seq", "link", "time", "record", "signature", "proof"])
def test_checkpoints_that_were_changed(
    record: Path, key: VerificationKey, tmp_path: Path, field: str
) -> None:
    """A checkpoint that was changed in any field is told of."""
    made = checkpoint(record)
    value = getattr(made, field)
    other = value - 1 if isinstance(value, int) else value[:-1] + ("0" if value[-1] != "0" else "1")
    kept = tmp_path / "kept.jsonl"
    kept.write_text(replace(made, **{field: other}).to_line() + "\n")
    assert verify(record, [key], [kept]).first_broken
    kept.write_text("{not json\n")
    assert verify(record, [key], [kept]).first_broken


def test_another_servers_record(record: Path, key: VerificationKey, tmp_path: Path) -> None:
    """A segment of another server, or all of its record, is named as that."""
    other = tmp_path / "other" / "audit"
    other.mkdir(parents=True)
    make_record(other)[1].close()
    assert "another-record" in {one.kind for one in verify(other, [key]).findings}
    path = segment_path(record, 2)
    path.write_bytes(segment_path(other, 2).read_bytes())
    first = verify(record, [key]).first_broken
    assert first is not None
    assert (first.kind, first.segment) == ("another-record", 2)


def test_clocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clocks that jump and events from the future are told, and are no failure."""
    folder = tmp_path / "audit"
    folder.mkdir()
    key, files = make_record(folder, events=1)
    now = audit_segments.time.time_ns()
    for hours in (0, 48, 47, -2):
        monkeypatch.setattr(
            audit_segments.time, "time_ns", lambda at=now + hours * 3600 * 10**9: at
        )
        files.append([encode(event())])
    files.close()
    found = verify(folder, [key], now_ms=now // 10**6)
    assert found.first_broken is None
    assert [one.kind for one in found.findings] == ["future", "clock", "future", "clock", "clock"]


def test_a_new_key(record: Path, key: VerificationKey) -> None:
    """After a new verification key the old one alone does not do, and both together do."""
    newer = setup_key(record)
    files = RecordFiles(record)
    files.append([encode(event())])
    files.close()
    first = verify(record, [key]).first_broken
    assert first is not None
    assert first.kind == "another-key"
    assert verify(record, [key, newer]).findings == []
    assert [one.kind for one in verify(record, [newer]).findings] == ["without-key"]


def test_retention(record: Path, key: VerificationKey) -> None:
    """What was removed for its age is told, and all that stays is checked from its first event."""
    recorder = GroupRecorder(record)
    now = audit_segments.time.time_ns() // 10**6
    before = segments(record)
    assert remove_old(record, recorder, 1, now) == 0
    assert remove_old(record, recorder, 0, now + 9 * DAY_MS) == 0
    assert remove_old(record, recorder, 1, now + 2 * DAY_MS) == len(before) - 1
    recorder.close()
    assert segments(record) == before[-1:]
    found = verify(record, [key])
    assert [one.kind for one in found.findings] == ["removed-for-age"]
    assert found.with_key == found.events
    path = segment_path(record, before[-1])
    path.write_bytes(b"".join(lines_of(path)[1:]))
    assert verify(record, [key]).first_broken


def test_removed_without_a_word(record: Path, key: VerificationKey) -> None:
    """Old segments that are gone, and no statement of it or a changed one, are told of."""
    segment_path(record, 1).unlink()
    assert verify(record, [key]).first_broken
    (record / "removed.json").write_text("{}")
    assert verify(record, [key]).first_broken


def test_the_catalogue_of_kinds_of_lines(record: Path) -> None:
    """A segment begins with its beginning, and all but the last end with their end."""
    for number in segments(record):
        present = lines_of(segment_path(record, number))
        assert b'"event_code":"record:begin"' in present[0]
        assert (b'"event_code":"record:close"' in present[-1]) == (number != segments(record)[-1])
    assert Event("record:close").action
