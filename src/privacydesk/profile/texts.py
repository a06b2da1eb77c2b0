"""Reading and writing operator profiles: YAML for people, JSON for the database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, cast

import yaml
from pydantic import ValidationError

from privacydesk.domain.operator_profile import ProfileFault
from privacydesk.errors import SettingsError
from privacydesk.profile.model import OperatorProfile
from privacydesk.system_errors import translate_os_errors

# libyaml is ten times as fast as the loader in Python; both are safe loaders.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_profile(path: Path) -> OperatorProfile:
    """Read an operator profile from a file.

    Raises:
        SettingsError: the file can't be read, or is no profile; see ``parse_text``.
    """
    with translate_os_errors("the operator profile can't be read", path):
        text = path.read_text("utf-8")
    return parse_text(text, f"the operator profile {path}", folder=path.parent)


def parse_text(text: str, source: str, *, folder: Path | None = None) -> OperatorProfile:
    """Parse an operator profile in YAML.

    Args:
        text: the YAML.
        source: where it comes from, for error messages.
        folder: what paths in it are relative to. Without one it comes from elsewhere: paths, and
            aliases, of which a few lines could stand for gigabytes, are refused.

    Raises:
        SettingsError: it is not YAML, or a key is invalid; the message says where, and ``faults``
            in its data has each ``ProfileFault``.
    """
    try:
        root = _compose(text, takes_aliases=folder is not None)
        raw = {} if root is None else _LOADER("").construct_document(root)
    except (yaml.YAMLError, ValueError) as error:
        fault = _syntax_fault(error, text)
        where = f" at line {fault.line}" if fault.line else ""
        raise SettingsError(
            f"{source} is not YAML{where}: {fault.what}", key="profile", faults=(fault,)
        ) from None
    return parse_profile(raw, source, folder=folder, root=root)


def _syntax_fault(error: Exception, text: str) -> ProfileFault:
    mark = getattr(error, "problem_mark", None)
    # An end that comes too early is marked behind the last line.
    line = 0 if mark is None else min(mark.line, text.rstrip().count("\n")) + 1
    is_value = isinstance(error, ValueError)
    what = "a date or number is none" if is_value else getattr(error, "problem", None)
    return ProfileFault("", what or "not readable", line)


def _compose(text: str, *, takes_aliases: bool) -> yaml.Node | None:
    for event in () if takes_aliases else yaml.parse(text, _LOADER):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.MarkedYAMLError(
                problem="only `privacydesk profile import` takes aliases",
                problem_mark=cast("Any", event.start_mark),
            )
    return yaml.compose(text, _LOADER)


def parse_profile(
    raw: Any, source: str, *, folder: Path | None = None, root: yaml.Node | None = None
) -> OperatorProfile:
    """Validate an operator profile.

    Args:
        raw: the parsed YAML or JSON.
        source: where it comes from, for error messages.
        folder: what paths in it are relative to; None where paths are refused.
        root: the YAML that it was made from, for the lines of faults.

    Raises:
        SettingsError: as ``parse_text``.
    """
    try:
        return OperatorProfile.model_validate(raw, context={"folder": folder})
    except ValidationError as error:
        faults = tuple(_faults(error, root))
        described = "; ".join(map(str, faults))
        raise SettingsError(f"{source}: {described}", key="profile", faults=faults) from None


def dump_profile(profile: OperatorProfile) -> str:
    """Return a profile as the database stores it: JSON, without keys that have their default."""
    content = profile.model_dump(mode="json", exclude_defaults=True)
    return json.dumps(content, ensure_ascii=False, sort_keys=True)


def load_profile(body: str, source: str) -> OperatorProfile:
    """Return a stored profile.

    Raises:
        SettingsError: it is not one of this release; the message begins with ``source``.
    """
    try:
        raw = json.loads(body)
    except ValueError:
        raise SettingsError(f"{source}: no profile", key="profile") from None
    return parse_profile(raw, source)


def profile_yaml(body: str) -> str:
    """Return a stored profile as YAML, as ``parse_text`` takes it."""
    return yaml.safe_dump(json.loads(body), allow_unicode=True, sort_keys=False, width=100)


def describe_validation_error(error: ValidationError) -> str:
    """Return a message with the keys and faults of a validation error, but no values."""
    return "; ".join(map(str, _faults(error, None)))


def _faults(error: ValidationError, root: yaml.Node | None) -> Iterator[ProfileFault]:
    for fault in error.errors(include_input=False, include_url=False):
        key = ".".join(str(part) for part in fault["loc"])
        what = fault["msg"].removeprefix("Value error, ")
        yield ProfileFault(key, what, _line(root, fault["loc"]))


def _line(root: yaml.Node | None, path: Sequence[int | str]) -> int:
    """Return the line of the last part of a path that is in the YAML; 0 if there is none."""
    line, node = 0, root
    for part in path:
        found = _child(node, part)
        # The validator's own parts, such as the branch of a union, are not in the file.
        if found is not None:
            place, node = found
            line = place.start_mark.line + 1
    return line


def _child(node: yaml.Node | None, part: int | str) -> tuple[yaml.Node, yaml.Node] | None:
    """Return where a part of a node begins, and the part; None if there is no such part."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None
