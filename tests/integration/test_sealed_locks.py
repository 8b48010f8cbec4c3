"""Sealed locks: what lies under a passphrase opens for nobody without it, on no route."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest
import requests
from support.home import PASSWORD
from support.kernel import Kernel
from support.live_server import Client, LiveServer, notebook
from support.reaching import CHANGES, READS, part
from support.terminal import COMMAND

from jupyter_secure.vault.envelope import Header

pytestmark = pytest.mark.integration

CANARY = "canary-sealed-lock-57"
PASSPHRASE = "violet harbour ninety ducks"
API = "/jupyter-secure/api"


@pytest.fixture(scope="module")
def owner(server: LiveServer) -> Client:
    """The session in which the passphrase is given."""
    return server.logged_in()


@pytest.fixture(scope="module")
def passer(server: LiveServer) -> Client:
    """Another session of the same account, with a fresh second factor, without the passphrase."""
    client = server.logged_in()
    assert client.elevate().status_code == 200
    return client


@pytest.fixture(scope="module")
def kept(server: LiveServer, owner: Client) -> Client:
    """Make a notebook under a passphrase, with a checkpoint and other names for it."""
    owner.put("/api/contents/dir", json={"type": "directory"})
    make(owner, "dir/sealed.ipynb", checkpoint=True)
    work = server.home.work
    shutil.copy(work / "dir/sealed.ipynb", work / "copy.ipynb")
    shutil.copy(work / "dir/sealed.ipynb", work / "copy.txt")
    (work / "hard.ipynb").hardlink_to(work / "dir/sealed.ipynb")
    (work / "soft.ipynb").symlink_to("dir/sealed.ipynb")
    assert give(owner, "dir/sealed.ipynb").status_code == 204
    return owner


def lock(client: Client, path: str, passphrase: str = PASSPHRASE) -> requests.Response:
    return client.put(f"{API}/locks/{path}", json={"mode": "sealed", "passphrase": passphrase})


def give(client: Client, path: str, passphrase: str = PASSPHRASE) -> requests.Response:
    return client.post(f"{API}/locks/{path}", json={"passphrase": passphrase})


def make(client: Client, path: str, *, checkpoint: bool = False) -> None:
    """Save a notebook and put it under the passphrase."""
    assert client.save(path, notebook(CANARY)).status_code == 201
    if checkpoint:
        assert client.post(f"/api/contents/{path}/checkpoints").status_code == 201
    answer = lock(client, path)
    assert answer.status_code == 200, answer.text


def header(path: Path) -> Header:
    return Header.parse(path.read_bytes())


def checkpoint_of(path: Path) -> Path:
    return path.parent / ".ipynb_checkpoints" / f"{path.stem}-checkpoint{path.suffix}"


def withheld(answer: requests.Response) -> None:
    """Say that this is how a sealed lock answers, and that nothing of the content is in it."""
    assert answer.status_code == 423, f"{answer.status_code} {answer.text[:300]}"
    assert CANARY not in answer.text
    if answer.headers["Content-Type"].startswith("application/json"):
        assert answer.json()["reason"] == "passphrase-required"


@pytest.mark.parametrize(
    "path", ["dir/sealed.ipynb", "copy.ipynb", "hard.ipynb", "soft.ipynb", "copy.txt"]
)
@pytest.mark.parametrize("route", READS)
def test_nothing_is_read_without_the_passphrase(
    kept: Client, passer: Client, route: str, path: str
) -> None:
    """The vault is open and a code was confirmed, and no route gives the content."""
    del kept
    withheld(READS[route](passer, path))


@pytest.mark.parametrize("route", sorted(CHANGES.keys() - {"rename", "delete"}))
@pytest.mark.parametrize("path", ["dir/sealed.ipynb", "soft.ipynb", "copy.ipynb"])
def test_nothing_is_changed_without_it(
    server: LiveServer, kept: Client, passer: Client, route: str, path: str
) -> None:
    """Nor can it be overwritten, through a link or in a copy."""
    del kept
    before = (server.home.work / path).read_bytes()
    answer = CHANGES[route](passer, path)
    assert answer.status_code in (404, 423), answer.text
    assert (server.home.work / path).read_bytes() == before


def test_it_opens_with_the_passphrase(kept: Client) -> None:
    """In the session that gave it, the notebook is read and saved as any other."""
    assert CANARY in kept.get("/api/contents/dir/sealed.ipynb").text
    assert CANARY in kept.get("/files/dir/sealed.ipynb").text
    assert CANARY in kept.get("/nbconvert/script/dir/sealed.ipynb").text
    assert kept.save("dir/sealed.ipynb", notebook(CANARY + "2")).status_code == 200
    model = kept.get("/api/contents/dir/sealed.ipynb").json()
    assert model["writable"] is True
    # What was copied outside has the same content key, salt and all.
    assert CANARY in kept.get("/api/contents/copy.ipynb").text


def test_what_the_lock_says(kept: Client, passer: Client) -> None:
    """Both sessions see the lock; one of them has it open."""
    for client, is_open in ((kept, True), (passer, False)):
        held = client.get(f"{API}/protection/dir/sealed.ipynb").json()["lock"]
        assert (held["mode"], held["mine"], held["open"]) == ("sealed", True, is_open)
        assert held in client.get(f"{API}/locks").json()["locks"]
        assert held in client.get(f"{API}/status").json()["locks"]


def test_a_listing_tells_the_size_of_the_content(kept: Client, passer: Client) -> None:
    """The size is that of the notebook, though the header of such a file is a longer one."""
    size = len(kept.get("/files/dir/sealed.ipynb").content)
    for entry in passer.get("/api/contents/dir").json()["content"]:
        assert (entry["size"], entry["writable"]) == (size, False)


def test_all_that_is_written_lies_under_it(server: LiveServer, kept: Client) -> None:
    """Saves, uploads, checkpoints, restored checkpoints and copies stay under the passphrase."""
    kept.put("/api/contents/in", json={"type": "directory"})
    make(kept, "in/n.ipynb", checkpoint=True)
    work = server.home.work / "in"
    assert header(checkpoint_of(work / "n.ipynb")).needs_passphrase
    assert give(kept, "in/n.ipynb").status_code == 204
    assert kept.save("in/n.ipynb", notebook(CANARY)).status_code == 200
    assert kept.post("/api/contents/in/n.ipynb/checkpoints").status_code == 201
    assert kept.post("/api/contents/in/n.ipynb/checkpoints/checkpoint").status_code == 204
    copy = kept.post("/api/contents/in", json={"copy_from": "in/n.ipynb"}).json()["path"]
    other = kept.post("/api/contents/in", json={"copy_from": "in"})
    assert other.status_code in (201, 400)
    for number in (1, -1):
        assert kept.put("/api/contents/in/n.ipynb", json=part(number)).status_code in (200, 201)
    for path in work.rglob("*.ipynb"):
        assert header(path).needs_passphrase, path
    # The copy is a file of its own, open where it was made, and locked.
    assert CANARY in kept.get(f"/api/contents/{copy}").text
    assert kept.get(f"{API}/protection/{copy}").json()["lock"]["path"] == copy
    assert header(server.home.work / copy).file_id != header(work / "n.ipynb").file_id


def test_a_copy_is_closed_elsewhere(kept: Client, passer: Client) -> None:
    """A copy that Jupyter made is as closed to others as what it was made from."""
    copy = kept.post("/api/contents", json={"copy_from": "dir/sealed.ipynb"}).json()["path"]
    withheld(passer.get(f"/api/contents/{copy}"))
    assert give(passer, copy).status_code == 204
    assert CANARY in passer.get(f"/api/contents/{copy}").text
    # That opened this file, and not what it was made from.
    withheld(passer.get("/api/contents/dir/sealed.ipynb"))


def test_a_checkpoint_from_before_lies_under_it_too(server: LiveServer, kept: Client) -> None:
    """Locking takes the checkpoint along; its content is back after restoring it."""
    del kept
    assert header(checkpoint_of(server.home.work / "dir/sealed.ipynb")).needs_passphrase


def test_a_file_with_other_names_is_refused(server: LiveServer, owner: Client) -> None:
    """Under a second name (a hard link) it would stay as it is: that is said, and nothing done."""
    owner.save("linked.ipynb", notebook("1"))
    path = server.home.work / "linked.ipynb"
    (server.home.work / "second.ipynb").hardlink_to(path)
    before = path.read_bytes()
    answer = lock(owner, "linked.ipynb")
    assert answer.status_code == 409
    assert "samefile" in answer.json()["message"]
    assert path.read_bytes() == before
    assert owner.get(f"{API}/protection/linked.ipynb").json()["lock"] is None


def test_locking_closes_it(owner: Client) -> None:
    """Whoever locks it is asked for the passphrase as well; locking again closes it again."""
    make(owner, "close.ipynb")
    withheld(owner.get("/api/contents/close.ipynb"))
    assert give(owner, "close.ipynb").status_code == 204
    assert owner.get("/api/contents/close.ipynb").status_code == 200
    assert owner.put(f"{API}/locks/close.ipynb", json={"mode": "sealed"}).status_code == 200
    withheld(owner.get("/api/contents/close.ipynb"))


def test_changing_the_passphrase(owner: Client) -> None:
    """Takes the old one; the new one opens it from then on, and the old one does not."""
    make(owner, "change.ipynb")
    withheld(lock(owner, "change.ipynb", "another set of words"))
    assert give(owner, "change.ipynb").status_code == 204
    assert lock(owner, "change.ipynb", "another set of words").status_code == 200
    answer = give(owner, "change.ipynb")
    assert (answer.status_code, answer.json()["reason"]) == (403, "wrong-passphrase")
    assert give(owner, "change.ipynb", "another set of words").status_code == 204
    assert CANARY in owner.get("/api/contents/change.ipynb").text


@pytest.mark.parametrize("mode", ["private", "read-only"])
def test_another_mode_takes_the_passphrase_off(
    server: LiveServer, owner: Client, mode: str
) -> None:
    """Only when it is open; the file opens with the vault then, as before."""
    path = f"to-{mode}.ipynb"
    make(owner, path, checkpoint=True)
    withheld(owner.put(f"{API}/locks/{path}", json={"mode": mode}))
    assert give(owner, path).status_code == 204
    assert owner.put(f"{API}/locks/{path}", json={"mode": mode}).status_code == 200
    for one in (server.home.work / path, checkpoint_of(server.home.work / path)):
        assert not header(one).needs_passphrase


def test_a_private_notebook_is_sealed_by_its_elevated_owner_only(
    owner: Client, passer: Client, server: LiveServer
) -> None:
    """A sealed lock in place of a private one, on it or on a copy of it, is no way in."""
    make_private = {"mode": "private"}
    owner.save("mine.ipynb", notebook(CANARY))
    assert owner.put(f"{API}/locks/mine.ipynb", json=make_private).status_code == 200
    shutil.copy(server.home.work / "mine.ipynb", server.home.work / "mine-copy.ipynb")
    for path in ("mine.ipynb", "mine-copy.ipynb"):
        answer = lock(owner, path)
        assert (answer.status_code, answer.json()["reason"]) == (423, "elevation-required")
    assert lock(passer, "mine.ipynb").status_code == 200


def test_unlocking(server: LiveServer, owner: Client, passer: Client) -> None:
    """Takes the passphrase, in this session; then the vault opens the file again."""
    make(owner, "free.ipynb", checkpoint=True)
    withheld(passer.delete(f"{API}/locks/free.ipynb"))
    assert give(owner, "free.ipynb").status_code == 204
    withheld(passer.delete(f"{API}/locks/free.ipynb"))
    assert owner.delete(f"{API}/locks/free.ipynb").status_code == 204
    assert CANARY in passer.get("/api/contents/free.ipynb").text
    assert passer.post("/api/contents/free.ipynb/checkpoints/checkpoint").status_code == 204
    assert CANARY in passer.get("/api/contents/free.ipynb").text
    assert not header(server.home.work / "free.ipynb").needs_passphrase


def test_its_owner_may_rename_and_delete_it_closed(owner: Client, passer: Client) -> None:
    """A file whose passphrase is lost can be put away; nothing of it is shown by that."""
    make(owner, "lost.ipynb")
    answer = passer.patch("/api/contents/lost.ipynb", json={"path": "lost2.ipynb"})
    assert answer.status_code == 200
    withheld(passer.get("/api/contents/lost2.ipynb"))
    assert passer.delete("/api/contents/lost2.ipynb").status_code == 204
    assert "lost2.ipynb" not in owner.get(f"{API}/locks").text


def test_an_earlier_version_put_back_is_withheld(server: LiveServer, owner: Client) -> None:
    """A copy from before the lock opens with the vault alone: in its place it is not shown.

    The passphrase opens the earlier versions, which are under it; the file is another one than was
    left there.
    """
    owner.save("back.ipynb", notebook(CANARY))
    before = (server.home.work / "back.ipynb").read_bytes()
    assert lock(owner, "back.ipynb").status_code == 200
    (server.home.work / "back.ipynb").write_bytes(before)
    withheld(owner.get("/api/contents/back.ipynb"))
    withheld(owner.save("back.ipynb", notebook("2")))
    assert give(owner, "back.ipynb").status_code == 204
    answer = owner.get("/api/contents/back.ipynb")
    assert (answer.status_code, answer.json()["reason"]) == (409, "rolled-back")
    assert CANARY not in answer.text


def test_the_stanza_of_another_file_does_not_fit(server: LiveServer, owner: Client) -> None:
    """A header that was put together from two files is damage, with whichever passphrase."""
    make(owner, "one.ipynb")
    make(owner, "two.ipynb")
    one, two = (server.home.work / name for name in ("one.ipynb", "two.ipynb"))
    mixed = one.read_bytes()[:56] + two.read_bytes()[56:280] + one.read_bytes()[280:]
    one.write_bytes(mixed)
    assert give(owner, "one.ipynb").status_code == 422
    withheld(owner.get("/api/contents/one.ipynb"))


@pytest.mark.parametrize(
    ("passphrase", "status", "reason"),
    [
        ("short", 400, "weak-password"),
        ("passwordpassword", 400, "weak-password"),
        ("x" * 2000, 400, "invalid-input"),
        (5, 400, "invalid-input"),
        (None, 400, "invalid-input"),
    ],
)
def test_a_passphrase_that_would_be_guessed(
    owner: Client, passphrase: object, status: int, reason: str
) -> None:
    """Is refused in words, and the file stays as it is."""
    owner.save("weak.ipynb", notebook("1"))
    answer = owner.put(f"{API}/locks/weak.ipynb", json={"mode": "sealed", "passphrase": passphrase})
    assert (answer.status_code, answer.json()["reason"]) == (status, reason), answer.text
    assert owner.get(f"{API}/protection/weak.ipynb").json()["lock"] is None


def test_guesses_are_throttled(server: LiveServer, kept: Client, passer: Client) -> None:
    """Of fifty wrong tries five are looked at; logging in and elevating have tries of their own."""
    del kept
    server.home.forget_tries()
    answers = [give(passer, "dir/sealed.ipynb", f"guess {n}") for n in range(50)]
    assert [answer.status_code for answer in answers] == [403] * 5 + [429] * 45
    assert int(answers[-1].headers["Retry-After"]) > 0
    # Not even the right one, now.
    assert give(passer, "dir/sealed.ipynb").status_code == 429
    assert passer.elevate().status_code == 200
    server.home.forget_tries()
    assert give(passer, "dir/sealed.ipynb").status_code == 204
    assert passer.put(f"{API}/locks/dir/sealed.ipynb", json={"mode": "sealed"}).ok


def test_the_key_goes_with_the_session(server: LiveServer) -> None:
    """Who logs out and in again is asked anew; so is who takes over the file's session."""
    first = server.logged_in()
    make(first, "ends.ipynb")
    assert give(first, "ends.ipynb").status_code == 204
    assert first.get("/api/contents/ends.ipynb").status_code == 200
    first.post("/logout")
    again = server.logged_in()
    withheld(again.get("/api/contents/ends.ipynb"))


def test_what_is_being_saved_while_it_is_locked_does_not_undo_it(
    server: LiveServer, owner: Client
) -> None:
    """Parts of an upload that began before the lock do not take the place of the locked file."""
    owner.save("up.ipynb", notebook(CANARY))
    assert owner.put("/api/contents/up.ipynb", json=part(1)).status_code == 200
    assert lock(owner, "up.ipynb").status_code == 200
    withheld(owner.put("/api/contents/up.ipynb", json=part(-1)))
    assert owner.put("/api/contents/up.ipynb", json=part(1)).status_code == 423
    assert give(owner, "up.ipynb").status_code == 204
    assert CANARY in owner.get("/api/contents/up.ipynb").text
    assert header(server.home.work / "up.ipynb").needs_passphrase


def test_opening_is_no_more_than_reading(server: LiveServer, kept: Client) -> None:
    """Saving does not derive the key again: it costs what any save costs."""
    del server
    assert give(kept, "dir/sealed.ipynb").status_code == 204
    started = time.perf_counter()
    for _ in range(5):
        assert kept.save("dir/sealed.ipynb", notebook(CANARY)).status_code == 200
    assert time.perf_counter() - started < 2.0


def test_a_kernel_does_not_read_it(server: LiveServer, kept: Client) -> None:
    """Code runs without asking anyone: what a person has opened is not open to it."""
    del server
    assert give(kept, "dir/sealed.ipynb").status_code == 204
    kernel = Kernel.of_notebook(kept, "dir/sealed.ipynb")
    for code in ("fs.cat('sealed.ipynb')", "fs.pipe('sealed.ipynb', b'x')"):
        _, words = kernel.error(code)
        assert words.startswith("“sealed.ipynb” is not given to kernels.")
        assert CANARY not in words


def test_a_lock_from_the_command_line_holds_at_once(server: LiveServer, owner: Client) -> None:
    """What is locked beside a running server is withheld by it, and what is unlocked is not."""
    owner.save("cli.ipynb", notebook(CANARY))
    assert owner.get("/api/contents/cli.ipynb").status_code == 200
    stdin = ["--password-stdin", "--passphrase-stdin"]
    for command in (["lock", "--mode", "sealed", "--yes"], ["unlock"]):
        done = subprocess.run(
            [*COMMAND, *command, "cli.ipynb", *stdin],
            input=f"{PASSWORD}\n{PASSPHRASE}\n",
            env=server.home.variables,
            cwd=server.home.work,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        if command[0] == "lock":
            withheld(owner.get("/api/contents/cli.ipynb"))
            assert give(owner, "cli.ipynb").status_code == 204
        assert CANARY in owner.get("/api/contents/cli.ipynb").text


def test_nothing_lies_open(server: LiveServer, kept: Client) -> None:
    """Neither content nor passphrase stands in any file of the home, logs included."""
    del kept
    assert server.home.files_holding(CANARY.encode()) == []
    assert server.home.files_holding(PASSPHRASE.encode()) == []
