"""Operations on the operator profile and its versions, as administrators have them in the console.

Replacing and restoring need ``If-Match``, so that nobody overwrites a version they haven't seen.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import orjson
from pydantic import Field

from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.operator_profile import GapKind, ProfileGap
from privacydesk.domain.saved_settings import MAX_COMMENT, SavedSetting
from privacydesk.errors import NotFoundError
from privacydesk.services.profiles import InvalidProfileError, ProfileContent
from privacydesk.web.api.operations import (
    ApiResponse,
    Call,
    Group,
    Operation,
    read_operation,
    write_operation,
)
from privacydesk.web.api.schemas import EmptyRequest, RequestModel, ResponseModel, Timestamp

_MAX_DIGITS: Final = 9
_Comment = Annotated[str, Field(max_length=MAX_COMMENT, pattern=r"^[^\x00]*$")]
_Values = dict[str, Any]


class RestoreProfileRequest(RequestModel):
    """Why an earlier version is put in force again."""

    comment: _Comment = Field(default="", description="Shown with the version.")


class ReplaceProfileRequest(RestoreProfileRequest):
    """The whole profile that is to be in force."""

    profile: _Values = Field(
        description="The keys of the operator profile, which are documented with it; a key that is"
        " left out has its default. A logo is `{base64: …}`."
    )


class ProfileVersionResponse(ResponseModel):
    """A version of the profile."""

    version: int = Field(description="From 1; also the entity tag.")
    at: Timestamp
    by: str = Field(description="An agent or an identity; `command` or `operator` for the desk's.")
    comment: str
    restored: int | None = Field(description="The version that it repeats.")


class ProfileVersionList(ResponseModel):
    """The newest versions, at most 50, the newest first."""

    versions: tuple[ProfileVersionResponse, ...]


class ProfileGapResponse(ResponseModel):
    """Something that the profile lacks; the desk goes on without it."""

    kind: GapKind
    missing: tuple[str, ...] = Field(
        description="The names of clauses or paths, or the languages that lack it."
    )


class ProfileResponse(ProfileVersionResponse):
    """A version of the profile with its content."""

    profile: _Values = Field(description="Without keys that have their default.")
    gaps: tuple[ProfileGapResponse, ...] | None = Field(
        description="What it lacks; null if it is not a profile of this release."
    )


def _fields(setting: SavedSetting) -> dict[str, Any]:
    return {
        "version": setting.version,
        "at": setting.at,
        "by": setting.by,
        "comment": setting.comment,
        "restored": setting.restored or None,
    }


def _gap_response(gap: ProfileGap) -> ProfileGapResponse:
    return ProfileGapResponse(kind=gap.kind, missing=gap.missing)


def _response(call: Call[Any, Any], setting: SavedSetting) -> ApiResponse:
    try:
        content = call.services.profiles.read.load(setting.body)
    except InvalidProfileError:
        gaps = None
    else:
        gaps = tuple(_gap_response(gap) for gap in content.gaps)
    profile = orjson.loads(setting.body)
    return ApiResponse(
        ProfileResponse(**_fields(setting), profile=profile, gaps=gaps), setting.version
    )


def _version_number(call: Call[Any, Any]) -> int:
    """Return the version in the path; no number that was sent names a version otherwise."""
    text = call.path["version"]
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise NotFoundError("there is no such version")
    return int(text)


async def _show(call: Call[EmptyRequest, EmptyRequest]) -> ApiResponse:
    return _response(call, await call.services.profiles.current())


async def _list_versions(call: Call[EmptyRequest, EmptyRequest]) -> ApiResponse:
    history = await call.services.profiles.history()
    versions = tuple(ProfileVersionResponse(**_fields(setting)) for setting in history)
    return ApiResponse(ProfileVersionList(versions=versions))


async def _show_version(call: Call[EmptyRequest, EmptyRequest]) -> ApiResponse:
    return _response(call, await call.services.profiles.version(_version_number(call)))


async def _replace(call: Call[EmptyRequest, ReplaceProfileRequest]) -> ApiResponse:
    try:
        content = call.services.profiles.read.validate(call.body.profile)
    except InvalidProfileError as error:
        raise InvalidProfileError(error.message, error.faults, within="body.profile") from None
    return await _put_in_force(call, content)


async def _restore(call: Call[EmptyRequest, RestoreProfileRequest]) -> ApiResponse:
    profiles = call.services.profiles
    earlier = await profiles.version(_version_number(call))
    return await _put_in_force(call, profiles.read.load(earlier.body), restored=earlier.version)


async def _put_in_force(
    call: Call[EmptyRequest, Any], content: ProfileContent, *, restored: int = 0
) -> ApiResponse:
    profiles = call.services.profiles
    if call.recorded_result:
        return _response(call, await profiles.version(int(call.recorded_result)))
    version, _ = await profiles.put_in_force(
        content,
        by=call.actor,
        seen=call.expected_version,
        comment=call.body.comment,
        restored=restored,
        api_request=call.api_request,
    )
    return _response(call, await profiles.version(version))


_EFFECT: Final = (
    "Every process takes it over within seconds, by restarting itself. A profile that is in force"
    " already makes no version."
)

PROFILE: Final[tuple[Operation[Any, Any], ...]] = (
    read_operation(
        "show_profile",
        "/profile",
        Group.PROFILE,
        "Show the operator profile in force.",
        scope=Scope.PROFILE_READ,
        handler=_show,
        query_model=EmptyRequest,
        response_model=ProfileResponse,
        has_etag=True,
        error_statuses=(404,),
    ),
    read_operation(
        "list_profile_versions",
        "/profile/versions",
        Group.PROFILE,
        "List the versions of the profile.",
        scope=Scope.PROFILE_READ,
        handler=_list_versions,
        query_model=EmptyRequest,
        response_model=ProfileVersionList,
    ),
    read_operation(
        "show_profile_version",
        "/profile/versions/{version}",
        Group.PROFILE,
        "Show a version of the profile.",
        scope=Scope.PROFILE_READ,
        handler=_show_version,
        query_model=EmptyRequest,
        response_model=ProfileResponse,
        has_etag=True,
    ),
    write_operation(
        "replace_profile",
        "/profile/versions",
        Group.PROFILE,
        "Put a profile in force, as a new version.",
        scope=Scope.PROFILE_WRITE,
        handler=_replace,
        body_model=ReplaceProfileRequest,
        response_model=ProfileResponse,
        details=f"{_EFFECT} A profile with faults is refused, and `faults` names each key.",
        requires_if_match=True,
    ),
    write_operation(
        "restore_profile_version",
        "/profile/versions/{version}/restore",
        Group.PROFILE,
        "Put an earlier version in force again, as a new version.",
        scope=Scope.PROFILE_WRITE,
        handler=_restore,
        body_model=RestoreProfileRequest,
        response_model=ProfileResponse,
        details=_EFFECT,
        requires_if_match=True,
    ),
)
