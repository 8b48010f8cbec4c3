from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone

import pytest

from jupyter_secure.app.content.saves import SAVED, Saved
from jupyter_secure.app.history import backlog as module
from jupyter_secure.app.history.backlog import Backlog, Waiting
from jupyter_secure.errors import StateUnusable
from jupyter_secure.locks import Actor

FILE, OTHER = b"f" * 16, b"o" * 16
NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)
ALICE = Actor("alice", elevated=False, session="a")


class Writer:
    """Takes what is written, and does it as a disk does: slowly, or not at all."""

    def __init__(self) -> None:
        self.batches: list[list[bytes]] = []
        self.told: list[tuple[bytes, BaseException | None]] = []
        self.error: Exception | None = None
        self.go_on = threading.Event()
        self.go_on.set()
        self.backlog = Backlog(self.write)

    def write(self, waiting: Sequence[Waiting]) -> None:
        assert self.go_on.wait(30)
        if self.error is not None:
            raise self.error
        self.batches.append([one.saved.content for one in waiting])

    def one(self, content: bytes, file_id: bytes = FILE) -> Waiting:
        return Waiting(Saved(file_id, "a", content, ALICE), SAVED, NOW, self.tell)

    def tell(self, saved: Saved, failed: BaseException | None) -> None:
        self.told.append((saved.content, failed))

    def add(self, *contents: bytes, file_id: bytes = FILE) -> None:
        for content in contents:
            self.backlog.add(self.one(content, file_id))


@pytest.fixture
def writer() -> Iterator[Writer]:
    writer = Writer()
    yield writer
    writer.backlog.settle()  # which ends its thread


@pytest.fixture
def patient(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> Writer:
    """One whose own thread does nothing while a test runs."""
    monkeypatch.setattr(module, "LINGER_SECONDS", 3600)
    return writer


def until(writer: Writer, count: int) -> None:
    deadline = time.monotonic() + 30
    while len(writer.told) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_by_itself(writer: Writer) -> None:
    """What was added is kept without anybody asking, together, in the order of the saves."""
    writer.add(b"1", b"2", b"3")
    until(writer, 3)
    assert [content for batch in writer.batches for content in batch] == [b"1", b"2", b"3"]
    assert writer.told == [(b"1", None), (b"2", None), (b"3", None)]
    writer.add(b"4")  # after its thread has ended, or just before
    until(writer, 4)
    assert writer.batches[-1] == [b"4"]


def test_each_notebook_apart(patient: Writer) -> None:
    """Settling one notebook keeps what waits of it, and leaves the others' saves for later."""
    patient.add(b"1", b"2")
    patient.add(b"other", file_id=OTHER)
    patient.backlog.settle(FILE)
    assert patient.batches == [[b"1", b"2"]]
    patient.backlog.settle()
    assert patient.batches == [[b"1", b"2"], [b"other"]]
    patient.backlog.settle()
    assert len(patient.batches) == 2


def test_now(patient: Writer) -> None:
    """What is to be kept now takes with it what waits of the same notebook, as one write."""
    patient.add(b"1")
    patient.backlog.keep_now(patient.one(b"2"))
    assert patient.batches == [[b"1", b"2"]]


def test_in_order(writer: Writer) -> None:
    """Who settles waits for what is being written, and nothing overtakes it."""
    writer.go_on.clear()
    writer.add(b"1")
    settled = threading.Thread(target=lambda: writer.backlog.keep_now(writer.one(b"2")))
    time.sleep(0.2)  # the backlog's own thread has begun
    settled.start()
    time.sleep(0.1)
    assert settled.is_alive()
    writer.go_on.set()
    settled.join(30)
    assert [content for batch in writer.batches for content in batch] == [b"1", b"2"]


def test_within(writer: Writer) -> None:
    """Who has little time goes on without what takes longer, and that is kept all the same."""
    writer.backlog.settle_within(60)  # nothing waits
    writer.go_on.clear()
    writer.add(b"1")
    writer.backlog.settle_within(0.01)
    writer.backlog.settle_within(0.01)  # it is being written
    assert writer.batches == []
    writer.go_on.set()
    until(writer, 1)
    assert writer.batches == [[b"1"]]
    writer.add(b"2")
    writer.backlog.settle_within(60)
    assert writer.batches[-1] == [b"2"]


def test_whether_all_is_settled(writer: Writer) -> None:
    """Whoever asks is told at once that something waits, or is being written."""
    assert writer.backlog.is_settled()
    writer.go_on.clear()
    writer.add(b"1")
    assert not writer.backlog.is_settled()
    writer.backlog.settle_within(0.01)
    assert not writer.backlog.is_settled()  # it is being written
    writer.go_on.set()
    writer.backlog.settle()
    assert writer.backlog.is_settled()


def test_within_where_no_thread_is_left(patient: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the end of a process, where no thread can be had, what waits is kept all the same."""
    patient.add(b"1")
    monkeypatch.setattr(threading.Thread, "start", _refuse)
    patient.backlog.settle_within(0.01)
    assert patient.batches == [[b"1"]]


def _refuse(_: threading.Thread) -> None:
    raise RuntimeError


def test_what_fails(writer: Writer) -> None:
    """Each save that was not kept is told of with the reason; what comes later is kept again."""
    writer.error = StateUnusable("The disk is full.")
    writer.add(b"1", b"2")
    writer.backlog.settle()
    assert {failed for _, failed in writer.told} == {writer.error}
    with pytest.raises(StateUnusable, match="full"):
        writer.backlog.keep_now(writer.one(b"3"))
    writer.error = None
    writer.add(b"4")
    writer.backlog.settle()
    assert writer.batches == [[b"4"]]
    assert [content for content, _ in writer.told] == [b"1", b"2", b"3", b"4"]


def test_one_that_fails_does_not_hold_up_another(patient: Writer) -> None:
    """A notebook whose history is damaged does not keep another's from being written."""
    write = patient.backlog._write  # to fail for one of two

    def fails_for_other(waiting: Sequence[Waiting]) -> None:
        if waiting[0].saved.file_id == OTHER:
            raise OSError
        write(waiting)

    patient.backlog._write = fails_for_other  # as above
    patient.add(b"other", file_id=OTHER)
    patient.add(b"1")
    patient.backlog.settle()
    assert patient.batches == [[b"1"]]


def test_much_does_not_wait(patient: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than is to be held in memory is written by whoever saves, before the save is done."""
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    patient.add(b"x" * 6)
    assert patient.batches == []
    patient.add(b"y" * 6)
    assert patient.batches == [[b"x" * 6, b"y" * 6]]


def test_many_threads(writer: Writer) -> None:
    """Saves by many threads at once are each kept once, each thread's in its order."""

    def save(which: int) -> None:
        for number in range(50):
            writer.add(b"%d %d" % (which, number))
            if number % 7 == which:
                writer.backlog.settle(FILE)

    threads = [threading.Thread(target=save, args=(which,)) for which in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    writer.backlog.settle()
    kept = [content for batch in writer.batches for content in batch]
    assert len(kept) == len(set(kept)) == 250
    for which in range(5):
        own = [int(one.split()[1]) for one in kept if one.startswith(b"%d " % which)]
        assert own == list(range(50))


def test_no_thread_left(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system gives no thread, whoever saves keeps it; and later there is one again."""

    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        writer.add(b"1")
    assert writer.told == [(b"1", None)]
    writer.add(b"2")
    until(writer, 2)
