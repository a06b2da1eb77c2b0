"""Access to data files: ``dialogs/``, ``locales/``, and the training data of the networks.

No other module reads these folders. Files that ship with the package are read once per process.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from privacydesk.errors import SettingsError

TEMPLATE: Final = "messages.pot"
"""The template file in the folder of the locales, which lists all keys."""

_POLICIES: Final = "policies"
_LEFT_OUT: Final = "left-out"
_NOT_VOICES: Final = frozenset({_POLICIES, _LEFT_OUT, "replies"})
"""The folders of the corpus without annotated messages."""

_ROOT: Final = Path(__file__).parents[2]
"""The root of the checkout, if the package is run from one."""


def dialog_files(directory: Path | None = None) -> dict[str, str]:
    """Read the files of the flows.

    Args:
        directory: folder to read instead of the shipped flows.

    Returns:
        The text of each file, by its path for error messages.

    Raises:
        SettingsError: the folder or a file can't be read.
    """
    return dict(_shipped_dialogs()) if directory is None else _read_dialogs(directory)


@cache
def _shipped_dialogs() -> Mapping[str, str]:
    return _read_dialogs(None)


def _read_dialogs(directory: Path | None) -> dict[str, str]:
    folder, shown = _find_folder("dialogs", directory)
    texts = _read_files(folder, (".yaml", ".yml"))
    return {f"{shown}/{name}": text for name, text in texts.items()}


def locale_files(directory: Path | None = None) -> dict[str, dict[str, str]]:
    """Read the files of the catalogs.

    Args:
        directory: folder to read instead of the shipped catalogs.

    Returns:
        By locale, the text of each file by its name.

    Raises:
        SettingsError: the folder or a file can't be read.
    """
    if directory is None:
        return {locale: dict(texts) for locale, texts in _shipped_locales().items()}
    return _read_locales(directory)


@cache
def _shipped_locales() -> Mapping[str, Mapping[str, str]]:
    return _read_locales(None)


def _read_locales(directory: Path | None) -> dict[str, dict[str, str]]:
    folder, _ = _find_folder("locales", directory)
    return {
        entry.name: _read_files(entry, (".po",))
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.is_dir() and not entry.name.startswith((".", "_"))
    }


def sentence_files() -> dict[str, str]:
    """Return the files with labelled sentences, by path. They are in the checkout only.

    Raises:
        SettingsError: the folder or a file can't be read.
    """
    folder, shown = _find_folder("sentences", None)
    return {f"{shown}/{name}": text for name, text in _read_files(folder, (".jsonl",)).items()}


def voice_files(directory: Path | None = None) -> list[tuple[str, str, str]]:
    """Return language, name and text of each voice (writer) in the corpus.

    Args:
        directory: folder to read instead of the corpus, which is in the checkout only.

    Raises:
        SettingsError: the folder or a file can't be read.
    """
    folder, _ = _find_folder("corpus", directory)
    return [
        (entry.name, name.removesuffix(".jsonl"), text)
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.is_dir() and entry.name not in _NOT_VOICES
        for name, text in _read_files(entry, (".jsonl",)).items()
    ]


def short_text_files(*, left_out: bool = False) -> dict[str, str]:
    """Return the corpus files with short texts, by path. They are in the checkout only.

    Args:
        left_out: whether to read the texts that are not learnt from.

    Raises:
        SettingsError: the folder or a file can't be read.
    """
    folder, shown = _find_folder("corpus", None)
    folder = folder / _LEFT_OUT if left_out else folder
    return {f"{shown}/{name}": text for name, text in _read_files(folder, (".jsonl",)).items()}


def reply_files() -> list[tuple[str, str]]:
    """Return name and text of each voice's replies in the corpus, which is in the checkout only.

    Raises:
        SettingsError: the folder or a file can't be read.
    """
    folder, _ = _find_folder("corpus", None)
    texts = _read_files(folder / "replies", (".jsonl",))
    return [(name.removesuffix(".jsonl"), text) for name, text in texts.items()]


def questioned_policies(
    directory: Path | None = None, *, left_out: bool = False
) -> list[tuple[str, str, str]]:
    """Return name, text and questions of each invented policy.

    Args:
        directory: folder to read instead of the corpus, which is in the checkout only.
        left_out: whether to read the corpus's test set instead of its training set.

    Raises:
        SettingsError: the folder or a file can't be read.
    """
    folder, shown = _find_folder("corpus", directory)
    if directory is None:
        folder = folder / _POLICIES / _LEFT_OUT if left_out else folder / _POLICIES
    texts = _read_files(folder, (".md", ".jsonl"))
    names = [name.removesuffix(".md") for name in texts if name.endswith(".md")]
    if missing := [name for name in names if f"{name}.jsonl" not in texts]:
        raise SettingsError(f"{shown} has no questions {missing[0]}.jsonl", key="policies")
    return [(name, texts[f"{name}.md"], texts[f"{name}.jsonl"]) for name in names]


def source_files() -> Mapping[str, str]:
    """Return the package's own code and templates, from which keys are extracted.

    The keys are paths as in a checkout, wherever the package is installed.

    Raises:
        SettingsError: a file can't be read.
    """
    package = Path(__file__).parent
    return {
        f"src/{path.relative_to(package.parent).as_posix()}": _read_text(path)
        for path in sorted(package.rglob("*"))
        if path.suffix in {".py", ".html", ".js"} and path.is_file()
    }


def _find_folder(name: str, directory: Path | None) -> tuple[Traversable, str]:
    """Return a data folder and its path for error messages.

    Args:
        name: name of the shipped folder.
        directory: folder to use instead.
    """
    if directory is not None:
        if not directory.is_dir():
            raise SettingsError(
                f"{directory} is no folder; name one that is (PRIVACYDESK_{name.upper()}), or none"
                " for what comes along",
                key=name,
            )
        return directory, directory.as_posix()
    packaged = files("privacydesk") / "data" / name
    for folder in (packaged, _ROOT / name):
        if folder.is_dir():
            return folder, name
    raise SettingsError(f"the package was installed without its {name}", key=name)


def _read_files(folder: Traversable, suffixes: tuple[str, ...]) -> dict[str, str]:
    entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    return {
        entry.name: _read_text(entry)
        for entry in entries
        if entry.name.endswith(suffixes) and not entry.name.startswith(".") and entry.is_file()
    }


def _read_text(file: Traversable) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file.name} can't be read: {type(error).__name__}") from None
