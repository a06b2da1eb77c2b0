"""Signing in, on the real store and a clock that is moved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace
from tests.common.console_client import CHEAP, own_password

from privacydesk.clock import MovableClock
from privacydesk.domain.agents import Role
from privacydesk.domain.ids import LookupHash
from privacydesk.domain.signin import FIRST_WAIT, FREE_ATTEMPTS, AccessKind, Stage
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError, StaleError
from privacydesk.services.signin import second_factor
from privacydesk.services.signin.passwords import Passwords
from privacydesk.services.signin.services import SignInServices, make_signin_services
from privacydesk.services.signin.sign_in import ClientInfo, SignInSettings
from privacydesk.storage.id_generator import SecureIdGenerator
from privacydesk.storage.store import SqlStore
from privacydesk.storage.temporary_store import random_hashing, temporary_store

START = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
HOME = ClientInfo("203.0.113.7", "Firefox/140.0 Windows")
STRANGER = ClientInfo("198.51.100.66", "curl/8")
SETTINGS = SignInSettings(refusal_time=timedelta())


@dataclass
class Desk:
    """SignInServices over a store, and one agent who has set everything up."""

    signin: SignInServices
    store: SqlStore
    clock: MovableClock
    secret: str = ""
    recovery: tuple[str, ...] = ()

    async def holder(self, token: str) -> Stage | None:
        found = await self.signin.sign_in.find_session(token)
        return None if found is None else found.session.stage

    def code(self) -> str:
        self.clock.move(second_factor.STEP)
        return second_factor.current_code(self.secret, self.clock.now())

    async def set_up(self, name: str = "mei") -> str:
        """Go all the way the first time; returns the cookie."""
        sign_in = self.signin.sign_in
        given = await self.signin.agents.add(name, "", Role.AGENT)
        entered = await sign_in.enter_password(name, given.password, HOME)
        assert entered.stage is Stage.PASSWORD
        holder = await sign_in.find_session(entered.token)
        assert holder is not None
        entered = await sign_in.choose_password(holder, own_password(name), HOME)
        assert entered.stage is Stage.APP
        holder = await sign_in.find_session(entered.token)
        assert holder is not None
        self.secret = holder.session.secret
        entered = await sign_in.add_authenticator(holder, self.code(), HOME)
        assert entered.stage is Stage.OPEN
        self.recovery = entered.recovery_codes
        return entered.token

    async def sign_in(self, place: ClientInfo = HOME, name: str = "mei") -> str:
        sign_in = self.signin.sign_in
        entered = await sign_in.enter_password(name, own_password(name), place)
        holder = await sign_in.find_session(entered.token)
        assert holder is not None
        return (await sign_in.enter_code(holder, self.code(), place)).token

    async def refusal(self, name: str, password: str, place: ClientInfo) -> str:
        with pytest.raises(DeskError) as refused:
            await self.signin.sign_in.enter_password(name, password, place)
        return str(refused.value.data["reason"])


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    clock = MovableClock(START, frozen=True)
    async with temporary_store(clock) as store:
        signin = make_signin_services(
            store=store.access,
            reader=store.reader,
            minter=SecureIdGenerator(),
            hashing=random_hashing(),
            clock=clock,
            settings=SETTINGS,
            teams={},
            passwords=Passwords(CHEAP),
        )
        yield Desk(signin, store, clock)


async def test_the_first_time_leads_from_a_temporary_password_to_recovery_codes(
    desk: Desk,
) -> None:
    token = await desk.set_up()
    assert await desk.holder(token) is Stage.OPEN
    assert len(desk.recovery) == second_factor.RECOVERY_CODES
    kinds = [one.kind for one in await desk.signin.access_log.newest(agent="mei")]
    assert kinds == [
        AccessKind.SIGNED_IN,
        AccessKind.APP_ADDED,
        AccessKind.PASSWORD_CHANGED,
        AccessKind.AGENT_ADDED,
    ]


async def test_each_step_replaces_the_cookie_and_the_one_before_opens_nothing(desk: Desk) -> None:
    await desk.set_up()
    sign_in = desk.signin.sign_in
    half = await sign_in.enter_password("mei", own_password("mei"), HOME)
    holder = await sign_in.find_session(half.token)
    assert holder is not None
    whole = await sign_in.enter_code(holder, desk.code(), HOME)
    assert whole.token != half.token
    assert await desk.holder(half.token) is None
    assert await desk.holder(whole.token) is Stage.OPEN


async def test_a_temporary_password_runs_out_and_only_its_owner_is_told_so(desk: Desk) -> None:
    given = await desk.signin.agents.add("wing", "", Role.AGENT)
    desk.clock.move(SETTINGS.temporary_password_lifetime)
    assert await desk.refusal("wing", given.password, HOME) == "temporary_expired"
    assert await desk.refusal("wing", "something else", HOME) == "wrong_password"


async def test_a_temporary_password_is_void_once_an_own_one_was_chosen(desk: Desk) -> None:
    given = await desk.signin.agents.add("wing", "", Role.AGENT)
    sign_in = desk.signin.sign_in
    entered = await sign_in.enter_password("wing", given.password, HOME)
    holder = await sign_in.find_session(entered.token)
    assert holder is not None
    await sign_in.choose_password(holder, "seven quiet herons", HOME)
    assert await desk.refusal("wing", given.password, HOME) == "wrong_password"


async def test_a_weak_or_unchanged_password_is_not_taken(desk: Desk) -> None:
    given = await desk.signin.agents.add("wing", "", Role.AGENT)
    sign_in = desk.signin.sign_in
    entered = await sign_in.enter_password("wing", given.password, HOME)
    holder = await sign_in.find_session(entered.token)
    assert holder is not None
    for password, reason in (("short", "password_short"), (given.password, "password_same")):
        with pytest.raises(InvalidRequestError) as refused:
            await sign_in.choose_password(holder, password, HOME)
        assert refused.value.data["reason"] == reason


async def test_somebody_unknown_is_answered_like_a_wrong_password_and_not_written_down(
    desk: Desk,
) -> None:
    await desk.set_up()
    assert await desk.refusal("mei", "not hers at all", HOME) == "wrong_password"
    assert await desk.refusal("hunter2-typed-here", "not hers at all", HOME) == "wrong_password"
    newest = (await desk.signin.access_log.newest())[0]
    assert (newest.kind, newest.agent) == (AccessKind.WRONG_PASSWORD, "")
    assert "hunter2" not in str(await desk.signin.access_log.newest())


async def test_a_disabled_agent_is_answered_like_somebody_unknown(desk: Desk) -> None:
    token = await desk.set_up()
    await desk.signin.agents.disable("mei")
    assert await desk.holder(token) is None
    assert await desk.refusal("mei", own_password("mei"), HOME) == "wrong_password"


async def test_a_strangers_wrong_entries_make_the_stranger_wait_and_not_the_owner(
    desk: Desk,
) -> None:
    token = await desk.set_up()
    for _ in range(FREE_ATTEMPTS):
        assert await desk.refusal("mei", "a guess of mine", STRANGER) == "wrong_password"
    assert await desk.refusal("mei", "a guess of mine", STRANGER) == "entries_wait"
    # Even the right password is not looked at now, from there.
    assert await desk.refusal("mei", own_password("mei"), STRANGER) == "entries_wait"
    assert await desk.holder(token) is Stage.OPEN
    assert await desk.holder(await desk.sign_in(HOME)) is Stage.OPEN


async def test_waiting_entries_do_not_lengthen_the_wait(desk: Desk) -> None:
    await desk.set_up()
    for _ in range(FREE_ATTEMPTS):
        await desk.refusal("mei", "a guess of mine", STRANGER)
    for _ in range(20):
        assert await desk.refusal("mei", "a guess of mine", STRANGER) == "entries_wait"
    desk.clock.move(FIRST_WAIT)
    assert await desk.refusal("mei", "a guess of mine", STRANGER) == "wrong_password"


async def test_a_clock_a_day_ahead_and_back_makes_an_entry_wait_no_day(desk: Desk) -> None:
    access, key, ahead = desk.store.access, LookupHash(b"k" * 32), START + timedelta(days=1)
    for _ in range(FREE_ATTEMPTS):
        await access.count_attempt(key, ahead)
    assert (await access.count_attempt(key, START)).wait(START) == FIRST_WAIT
    # What was cut is kept: the wait gets shorter as time goes by.
    later = START + FIRST_WAIT
    assert (await access.count_attempt(key, later)).wait(later) == timedelta(0)


async def test_a_temporary_password_given_by_a_clock_that_was_ahead_is_cut_to_its_time(
    desk: Desk,
) -> None:
    now = desk.clock.now()
    desk.clock.move(timedelta(days=30))
    await desk.signin.agents.add("wing", "", Role.AGENT)
    await desk.store.access.sweep(
        now,
        idle=SETTINGS.idle_timeout,
        keep_log=SETTINGS.log_retention,
        temporary=SETTINGS.temporary_password_lifetime,
    )
    kept = await desk.store.access.credential("wing")
    assert kept is not None
    assert kept.temporary_until == now + SETTINGS.temporary_password_lifetime


async def test_a_right_password_forgets_the_wrong_ones_before_it(desk: Desk) -> None:
    await desk.set_up()
    for _ in range(FREE_ATTEMPTS - 1):
        await desk.refusal("mei", "mistyped it again", HOME)
    await desk.sign_in(HOME)
    for _ in range(FREE_ATTEMPTS):
        assert await desk.refusal("mei", "mistyped it again", HOME) == "wrong_password"


async def test_many_entries_at_once_buy_no_more_than_one_after_the_other(desk: Desk) -> None:
    await desk.set_up()
    reasons = await asyncio.gather(
        *(desk.refusal("mei", f"guess number {n}", STRANGER) for n in range(40))
    )
    assert reasons.count("wrong_password") == FREE_ATTEMPTS
    assert reasons.count("entries_wait") == 40 - FREE_ATTEMPTS


async def test_unknown_names_wait_as_known_ones_do(desk: Desk) -> None:
    for _ in range(FREE_ATTEMPTS):
        assert await desk.refusal("nobody-here", "a guess of mine", STRANGER) == "wrong_password"
    assert await desk.refusal("nobody-here", "a guess of mine", STRANGER) == "entries_wait"


async def test_codes_are_counted_for_the_account_wherever_they_come_from(desk: Desk) -> None:
    await desk.set_up()
    sign_in = desk.signin.sign_in
    for n in range(FREE_ATTEMPTS):
        place = replace(STRANGER, origin=f"198.51.100.{n}")
        holder = await sign_in.find_session(
            (await sign_in.enter_password("mei", own_password("mei"), place)).token
        )
        assert holder is not None
        with pytest.raises(DeskError) as refused:
            await sign_in.enter_code(holder, "000000", place)
        assert refused.value.data["reason"] == "wrong_code"
    holder = await sign_in.find_session(
        (await sign_in.enter_password("mei", own_password("mei"), HOME)).token
    )
    assert holder is not None
    right = second_factor.current_code(desk.secret, desk.clock.now())
    with pytest.raises(DeskError) as refused:
        await sign_in.enter_code(holder, right, HOME)
    assert refused.value.code is ErrorCode.RATE_LIMITED
    assert refused.value.data["reason"] == "entries_wait"


async def test_a_code_sent_twice_at_once_opens_one_session(desk: Desk) -> None:
    await desk.set_up()
    sign_in = desk.signin.sign_in
    holder = await sign_in.find_session(
        (await sign_in.enter_password("mei", own_password("mei"), HOME)).token
    )
    assert holder is not None
    code = desk.code()
    outcomes = await asyncio.gather(
        *(sign_in.enter_code(holder, code, HOME) for _ in range(3)), return_exceptions=True
    )
    assert sum(not isinstance(one, BaseException) for one in outcomes) == 1
    assert all(
        isinstance(one, StaleError) or getattr(one, "data", {}).get("reason") == "wrong_code"
        for one in outcomes
        if isinstance(one, BaseException)
    )


async def test_a_recovery_code_opens_once_and_is_logged(desk: Desk) -> None:
    await desk.set_up()
    sign_in = desk.signin.sign_in
    for expected in (True, False):
        holder = await sign_in.find_session(
            (await sign_in.enter_password("mei", own_password("mei"), HOME)).token
        )
        assert holder is not None
        if expected:
            await sign_in.enter_code(holder, desk.recovery[0], HOME)
        else:
            with pytest.raises(DeskError):
                await sign_in.enter_code(holder, desk.recovery[0], HOME)
    kinds = {one.kind for one in await desk.signin.access_log.newest(agent="mei")}
    assert AccessKind.RECOVERY_CODE_USED in kinds


async def test_what_is_between_password_and_code_ends_after_a_quarter_of_an_hour(
    desk: Desk,
) -> None:
    await desk.set_up()
    half = await desk.signin.sign_in.enter_password("mei", own_password("mei"), HOME)
    desk.clock.move(timedelta(minutes=15))
    assert await desk.holder(half.token) is None


async def test_a_session_ends_unused_lasts_while_used_and_ends_in_any_case(desk: Desk) -> None:
    token = await desk.set_up()
    sign_in = desk.signin.sign_in
    for _ in range(30):
        desk.clock.move(timedelta(minutes=20))
        assert await sign_in.find_session(token, mark_active=True) is not None
    desk.clock.move(timedelta(minutes=31))
    assert await sign_in.find_session(token) is None
    token = await desk.sign_in()
    for _ in range(35):
        desk.clock.move(timedelta(minutes=20))
        assert await sign_in.find_session(token, mark_active=True) is not None
    desk.clock.move(timedelta(minutes=20))
    assert await sign_in.find_session(token, mark_active=True) is None


async def test_what_pages_ask_by_themselves_keeps_nobody_signed_in(desk: Desk) -> None:
    token = await desk.set_up()
    for _ in range(29):
        desk.clock.move(timedelta(minutes=1))
        assert await desk.signin.sign_in.find_session(token, mark_active=False) is not None
    desk.clock.move(timedelta(minutes=1))
    assert await desk.signin.sign_in.find_session(token) is None


async def test_what_has_ended_is_swept_and_what_goes_on_is_not(desk: Desk) -> None:
    old = await desk.set_up()
    desk.clock.move(timedelta(minutes=40))
    new = await desk.sign_in()
    await desk.signin.sign_in.sweep()
    assert len(await desk.store.access.sessions("mei")) == 1
    assert await desk.holder(new) is Stage.OPEN
    assert await desk.holder(old) is None
    desk.clock.move(SETTINGS.log_retention + timedelta(days=1))
    await desk.signin.sign_in.sweep()
    assert await desk.signin.access_log.newest() == ()
    assert await desk.store.access.sessions("mei") == ()


async def test_a_new_password_ends_all_other_sessions_and_no_other_agents(desk: Desk) -> None:
    others = await desk.set_up("wing")
    elsewhere = await desk.set_up()
    here = await desk.sign_in()
    holder = await desk.signin.sign_in.find_session(here)
    assert holder is not None
    await desk.signin.account.change_password(
        holder.agent,
        holder.session.id,
        old=own_password("mei"),
        new="nine brown otters swim",
        client=HOME,
    )
    assert await desk.holder(elsewhere) is None
    assert await desk.holder(here) is Stage.OPEN
    assert await desk.holder(others) is Stage.OPEN
    assert await desk.refusal("mei", own_password("mei"), HOME) == "wrong_password"


async def test_guessing_the_present_password_is_slowed_and_ends_no_session(desk: Desk) -> None:
    token = await desk.set_up()
    holder = await desk.signin.sign_in.find_session(token)
    assert holder is not None
    reasons = []
    for n in range(FREE_ATTEMPTS + 1):
        with pytest.raises(DeskError) as refused:
            await desk.signin.account.renew_recovery_codes(
                holder.agent, holder.session.id, password=f"guess number {n}", client=HOME
            )
        reasons.append(refused.value.data["reason"])
    assert reasons == ["wrong_own_password"] * FREE_ATTEMPTS + ["entries_wait"]
    assert await desk.holder(token) is Stage.OPEN


async def test_new_recovery_codes_void_the_old_ones(desk: Desk) -> None:
    token = await desk.set_up()
    old, sign_in = desk.recovery[0], desk.signin.sign_in
    holder = await sign_in.find_session(token)
    assert holder is not None
    new = await desk.signin.account.renew_recovery_codes(
        holder.agent, holder.session.id, password=own_password("mei"), client=HOME
    )
    half = await sign_in.find_session(
        (await sign_in.enter_password("mei", own_password("mei"), HOME)).token
    )
    assert half is not None
    with pytest.raises(DeskError):
        await sign_in.enter_code(half, old, HOME)
    assert (await sign_in.enter_code(half, new[0], HOME)).stage is Stage.OPEN


async def test_a_reset_ends_everything_and_begins_anew(desk: Desk) -> None:
    token = await desk.set_up()
    given = await desk.signin.agents.reset_access("mei", by="xiao-chen")
    assert await desk.holder(token) is None
    assert await desk.refusal("mei", own_password("mei"), HOME) == "wrong_password"
    entered = await desk.signin.sign_in.enter_password("mei", given.password, HOME)
    assert entered.stage is Stage.PASSWORD
    newest = (await desk.signin.access_log.newest(agent="mei"))[1]
    assert (newest.kind, newest.by) == (AccessKind.ACCESS_RESET, "xiao-chen")


async def test_there_is_always_an_administrator_left(desk: Desk) -> None:
    people = desk.signin.agents
    await people.add("ada", "", Role.ADMINISTRATOR)
    await people.add("mei", "", Role.AGENT)
    for act in (people.change_role("ada", Role.AGENT), people.disable("ada")):
        with pytest.raises(DeskError) as refused:
            await act
        assert refused.value.data["reason"] == "last_administrator"
    await people.add("bo", "", Role.ADMINISTRATOR)
    with pytest.raises(DeskError) as refused:
        await people.change_role("ada", Role.AGENT, by="ada")
    assert refused.value.data["reason"] == "own_access"
    await people.change_role("ada", Role.AGENT, by="bo")


async def test_two_administrators_cannot_remove_each_other_at_once(desk: Desk) -> None:
    people = desk.signin.agents
    await people.add("ada", "", Role.ADMINISTRATOR)
    await people.add("bo", "", Role.ADMINISTRATOR)
    outcomes = await asyncio.gather(
        people.disable("ada", by="bo"), people.disable("bo", by="ada"), return_exceptions=True
    )
    assert sum(isinstance(one, DeskError) for one in outcomes) == 1
    active = [one for one in await people.all() if one.active]
    assert [one.role for one in active] == [Role.ADMINISTRATOR]


async def test_a_change_decided_on_an_older_agent_is_refused(desk: Desk) -> None:
    token = await desk.set_up()
    holder = await desk.signin.sign_in.find_session(token)
    assert holder is not None
    await desk.signin.agents.change_role("mei", Role.SUPERVISOR)
    with pytest.raises(StaleError):
        await desk.signin.account.set_locale(holder.agent, "en")
    found = await desk.signin.sign_in.find_session(token)
    assert found is not None
    assert found.agent.role is Role.SUPERVISOR


async def test_nothing_secret_stands_in_the_database(desk: Desk) -> None:
    token = await desk.set_up()
    await desk.refusal("mei", "a wrong guess here", STRANGER)
    database = desk.store._writing.url.database
    assert database is not None

    def whole() -> bytes:
        import pathlib  # noqa: PLC0415 - only here

        path = pathlib.Path(database)
        return b"".join(one.read_bytes() for one in sorted(path.parent.glob(f"{path.name}*")))

    raw = await asyncio.to_thread(whole)
    hidden = [token, desk.secret, own_password("mei"), HOME.origin, HOME.browser, *desk.recovery]
    hidden += ["a wrong guess here", STRANGER.origin]
    assert not [one for one in hidden if one.encode() in raw]
