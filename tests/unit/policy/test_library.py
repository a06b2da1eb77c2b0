from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.policy.samples import MARKDOWN, TWO_DOCUMENTS

from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError, UnavailableError
from privacydesk.policy.importer import read_policy
from privacydesk.policy.library import (
    FilePolicyLibrary,
    MemoryPolicyLibrary,
    PolicyLibrary,
    find_version,
)
from privacydesk.policy.tree import PolicyVersion

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def version_of(text: str, name: str = "sample") -> PolicyVersion:
    return read_policy(text, name=name).version(NOW)


@pytest.fixture(params=["memory", "files"])
def library(request: pytest.FixtureRequest, tmp_path: Path) -> PolicyLibrary:
    return MemoryPolicyLibrary() if request.param == "memory" else FilePolicyLibrary(tmp_path)


def test_nothing_is_kept_at_first(library: PolicyLibrary) -> None:
    assert library.latest("sample") is None
    assert library.versions("sample") == ()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_version_comes_back_as_it_was(library: PolicyLibrary, end: str) -> None:
    version = version_of(TWO_DOCUMENTS.replace("\n", end))
    assert library.save(version)
    assert library.latest("sample") == version


def test_the_newest_version_is_the_latest(library: PolicyLibrary) -> None:
    versions = [version_of(f"{TWO_DOCUMENTS}\n第{n}次。") for n in range(12)]
    for version in versions:
        assert library.save(version)
    assert library.latest("sample") == versions[-1]
    assert library.versions("sample") == tuple(versions)


def test_saving_the_newest_again_does_nothing(library: PolicyLibrary) -> None:
    library.save(version_of(TWO_DOCUMENTS))
    assert not library.save(version_of(TWO_DOCUMENTS))
    assert len(library.versions("sample")) == 1


def test_going_back_to_an_older_text_is_a_new_version(library: PolicyLibrary) -> None:
    for text in (TWO_DOCUMENTS, MARKDOWN, TWO_DOCUMENTS):
        assert library.save(version_of(text))
    assert len(library.versions("sample")) == 3


def test_a_kept_version_is_found_by_its_digest(library: PolicyLibrary) -> None:
    older, newer = version_of(TWO_DOCUMENTS), version_of(MARKDOWN)
    assert find_version(library, "sample") is None
    library.save(older)
    library.save(newer)
    assert find_version(library, "sample") == newer
    assert find_version(library, "sample", older.digest) == older
    assert find_version(library, "sample", newer.digest) == newer
    assert find_version(library, "sample", "no such digest") is None


def test_an_import_and_what_is_made_of_it_show_from_outside(tmp_path: Path) -> None:
    library = FilePolicyLibrary(tmp_path)
    assert library.stamp("sample") is None
    seen = []
    for text in (TWO_DOCUMENTS, MARKDOWN, TWO_DOCUMENTS):
        version = version_of(text)
        library.save(version)
        seen.append(library.stamp("sample"))
        library.save_vectors(version, b"some")
        seen.append(library.stamp("sample"))
    assert len(set(seen)) == 6
    assert library.stamp("sample") == seen[-1]


def test_names_are_kept_apart(library: PolicyLibrary) -> None:
    library.save(version_of(TWO_DOCUMENTS, "青鸟"))
    assert library.latest("sample") is None
    assert library.latest("青鸟") is not None


@pytest.mark.parametrize("name", ["", ".", "..", "../up", "a/b", "a\\b", "_x", "a\n", "x" * 65])
def test_a_name_that_is_no_folder_name_is_refused(library: PolicyLibrary, name: str) -> None:
    with pytest.raises(InvalidRequestError):
        library.save(version_of(TWO_DOCUMENTS, name))
    with pytest.raises(InvalidRequestError):
        library.latest(name)


def test_the_source_is_kept_byte_for_byte(tmp_path: Path) -> None:
    version = version_of(TWO_DOCUMENTS.replace("\n", "\r\n"))
    FilePolicyLibrary(tmp_path).save(version)
    folder = tmp_path / "policy" / "sample" / f"1-{version.digest[:12]}"
    assert (folder / "source.txt").read_bytes() == version.source.encode()
    assert sorted(path.name for path in folder.parent.iterdir()) == [folder.name]


def test_what_a_crash_left_behind_is_ignored(tmp_path: Path) -> None:
    home = tmp_path / "policy" / "sample"
    home.mkdir(parents=True)
    (home / ".new-x").mkdir()
    (home / ".claim-1").touch()
    library = FilePolicyLibrary(tmp_path)
    assert library.latest("sample") is None
    assert library.save(version_of(TWO_DOCUMENTS))
    assert len(library.versions("sample")) == 1


@pytest.mark.parametrize("file", ["source.txt", "policy.json"])
def test_damaged_files_are_reported(tmp_path: Path, file: str) -> None:
    library = FilePolicyLibrary(tmp_path)
    library.save(version_of(TWO_DOCUMENTS))
    (damaged,) = tmp_path.glob(f"policy/sample/*/{file}")
    damaged.write_text("{}")
    with pytest.raises(DeskError) as caught:
        library.latest("sample")
    assert caught.value.code is ErrorCode.POLICY_UNREADABLE


def test_a_place_that_takes_no_files_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "policy").write_text("in the way")
    with pytest.raises(UnavailableError):
        FilePolicyLibrary(tmp_path).save(version_of(TWO_DOCUMENTS))


def test_savers_side_by_side_get_numbers_of_their_own(tmp_path: Path) -> None:
    def save(n: int) -> None:
        FilePolicyLibrary(tmp_path).save(version_of(f"第一条 甲\n第{n}号。"))

    savers = [threading.Thread(target=save, args=(n,)) for n in range(8)]
    for saver in savers:
        saver.start()
    for saver in savers:
        saver.join()
    folders = [path.name for path in (tmp_path / "policy" / "sample").iterdir()]
    assert len({name.partition("-")[0] for name in folders}) == 8
