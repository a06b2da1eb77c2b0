"""Finding and reading ``dialogs/`` and ``locales/``, and the network's training data.

This is the only module that reads those folders; the others are given their texts. What is shipped
is read once per process.
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
"""The file beside the locales that lists all keys."""

_POLICIES: Final = "policies"
_LEFT_OUT: Final = "left-out"
_NO_VOICES: Final = frozenset({_POLICIES, "replies"})
"""The folders of the corpus that hold no messages with readings."""

_ROOT: Final = Path(__file__).parents[2]
"""The checkout, when the package is run from one."""


def dialog_files(directory: Path | None = None) -> dict[str, str]:
    """Read the flows: file name, with its folder for messages, to text.

    Args:
        directory: instead of the shipped flows.

    Raises:
        SettingsError: the folder or a file can't be read.
    """
    return dict(_shipped_dialogs()) if directory is None else _dialogs(directory)


@cache
def _shipped_dialogs() -> Mapping[str, str]:
    return _dialogs(None)


def _dialogs(directory: Path | None) -> dict[str, str]:
    folder, shown = _folder("dialogs", directory)
    return {f"{shown}/{name}": text for name, text in _texts(folder, (".yaml", ".yml")).items()}


def locale_files(directory: Path | None = None) -> dict[str, dict[str, str]]:
    """Read the catalogs: locale to file name to text.

    Args:
        directory: instead of the shipped catalogs.

    Raises:
        SettingsError: the folder or a file can't be read.
    """
    if directory is None:
        return {locale: dict(texts) for locale, texts in _shipped_locales().items()}
    return _locales(directory)


@cache
def _shipped_locales() -> Mapping[str, Mapping[str, str]]:
    return _locales(None)


def _locales(directory: Path | None) -> dict[str, dict[str, str]]:
    folder, _ = _folder("locales", directory)
    return {
        entry.name: _texts(entry, (".po",))
        for entry in sorted(folder.iterdir(), key=lambda one: one.name)
        if entry.is_dir() and not entry.name.startswith((".", "_"))
    }


def sentence_files() -> dict[str, str]:
    """Read the labelled sentences of the checkout, which are not shipped: file name to text.

    Raises:
        SettingsError: the folder or a file can't be read.
    """
    folder, shown = _folder("sentences", None)
    return {f"{shown}/{name}": text for name, text in _texts(folder, (".jsonl",)).items()}


def voice_files(directory: Path | None = None) -> list[tuple[str, str, str]]:
    """Read the corpus: language, name and text of each voice.

    Args:
        directory: instead of the corpus of the checkout; it is not shipped.

    Raises:
        SettingsError: the folder or a file can't be read.
    """
    folder, _ = _folder("corpus", directory)
    return [
        (entry.name, name.removesuffix(".jsonl"), text)
        for entry in sorted(folder.iterdir(), key=lambda one: one.name)
        if entry.is_dir() and entry.name not in _NO_VOICES
        for name, text in _texts(entry, (".jsonl",)).items()
    ]


def short_text_files() -> dict[str, str]:
    """Read the replies and questions of the corpus, which are not shipped: file name to text.

    Raises:
        SettingsError: the folder or a file can't be read.
    """
    folder, shown = _folder("corpus", None)
    return {f"{shown}/{name}": text for name, text in _texts(folder, (".jsonl",)).items()}


def reply_files() -> list[tuple[str, str]]:
    """Read the replies of the corpus, which are not shipped: name and text of each voice.

    Raises:
        SettingsError: the folder or a file can't be read.
    """
    folder, _ = _folder("corpus", None)
    texts = _texts(folder / "replies", (".jsonl",))
    return [(name.removesuffix(".jsonl"), text) for name, text in texts.items()]


def questioned_policies(
    directory: Path | None = None, *, left_out: bool = False
) -> list[tuple[str, str, str]]:
    """Read invented policies and their questions: name, text and questions of each.

    Args:
        directory: instead of those of the corpus, which are not shipped.
        left_out: the corpus's held-out test set instead of its training set.

    Raises:
        SettingsError: the folder or a file can't be read.
    """
    folder, shown = _folder("corpus", directory)
    if directory is None:
        folder = folder / _POLICIES / _LEFT_OUT if left_out else folder / _POLICIES
    texts = _texts(folder, (".md", ".jsonl"))
    names = [name.removesuffix(".md") for name in texts if name.endswith(".md")]
    if lacking := [name for name in names if f"{name}.jsonl" not in texts]:
        raise SettingsError(f"{shown} has no questions {lacking[0]}.jsonl", key="policies")
    return [(name, texts[f"{name}.md"], texts[f"{name}.jsonl"]) for name in names]


def source_files() -> Mapping[str, str]:
    """Read the package's own code and templates, from which keys are extracted.

    Files are named as in a checkout, wherever the package is installed.

    Raises:
        SettingsError: a file can't be read.
    """
    package = Path(__file__).parent
    return {
        f"src/{path.relative_to(package.parent).as_posix()}": _text(path)
        for path in sorted(package.rglob("*"))
        if path.suffix in {".py", ".html", ".js"} and path.is_file()
    }


def _folder(name: str, directory: Path | None) -> tuple[Traversable, str]:
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


def _texts(folder: Traversable, suffixes: tuple[str, ...]) -> dict[str, str]:
    entries = sorted(folder.iterdir(), key=lambda one: one.name)
    return {
        entry.name: _text(entry)
        for entry in entries
        if entry.name.endswith(suffixes) and not entry.name.startswith(".") and entry.is_file()
    }


def _text(file: Traversable) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file.name} can't be read: {type(error).__name__}") from None
