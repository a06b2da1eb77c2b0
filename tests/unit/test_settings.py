from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from privacydesk.errors import SettingsError
from privacydesk.settings import load_settings, new_secret, unknown_variables

GOOD = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PRIVACYDESK_")]:
        monkeypatch.delenv(name)


def config(folder: Path, text: str) -> Path:
    path = folder / "desk.toml"
    path.write_text(text, "utf-8")
    return path


def test_what_code_says_wins_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = config(tmp_path, 'port = 1001\nhost = "10.0.0.1"\nworkers = 3\n')
    monkeypatch.setenv("PRIVACYDESK_CONFIG", str(path))
    monkeypatch.setenv("PRIVACYDESK_PORT", "1002")
    monkeypatch.setenv("PRIVACYDESK_WORKERS", "4")
    made = load_settings(workers=5)
    assert (made.host, made.port, made.workers) == ("10.0.0.1", 1002, 5)


def test_a_file_named_by_the_caller_counts_where_the_environment_names_none(
    tmp_path: Path,
) -> None:
    assert load_settings(config(tmp_path, "port = 1003\n")).port == 1003
    assert load_settings().port == 8080


def test_the_database_lies_in_the_data_folder_unless_one_is_named(tmp_path: Path) -> None:
    assert load_settings(data_dir=tmp_path).url == f"sqlite:///{tmp_path / 'privacydesk.db'}"
    assert load_settings(database_url="sqlite:///x.db").url == "sqlite:///x.db"


def test_what_ends_lines_in_files_from_windows_is_no_part_of_a_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {"RING_KEY": "one", "RING_KEYS": f'{{"one": "{GOOD}"}}', "PORT": "8081",
                        "HASHING_SECRET": GOOD, "DATA_DIR": "/data"}.items():  # fmt: skip
        monkeypatch.setenv(f"PRIVACYDESK_{name}", f"{value}\r")
    made = load_settings()
    assert (made.port, made.data_dir) == (8081, Path("/data"))
    assert made.keys() == ("one", {"one": bytes(range(32))})
    assert made.hashing() == bytes(range(32))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("port = 70000", "port"),
        ("prot = 80", "prot"),
        ('log_level = "loud"', "log_level"),
        ("workers = 0", "workers"),
        ("messages_per_second = -1", "messages_per_second"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        load_settings(config(tmp_path, text))


def test_a_wrong_value_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVACYDESK_RING_KEYS", '{"one": ["a very secret key"]}')
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "ring_keys" in str(caught.value)
    assert "very secret" not in f"{caught.value!r} {caught.value.__cause__!r}"


@pytest.mark.parametrize("text", ["port = ", "\udcff"])
def test_a_file_that_is_not_toml_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "desk.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(SettingsError, match=r"desk\.toml"):
        load_settings(path)


def test_a_file_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PRIVACYDESK_CONFIG", str(tmp_path / "none.toml"))
    with pytest.raises(SettingsError, match="PRIVACYDESK_CONFIG"):
        load_settings()


def test_missing_keys_and_secrets_are_named_with_their_remedy() -> None:
    for settings, read, name in (
        (load_settings(), "keys", "RING_KEYS"),
        (load_settings(ring_keys={"one": GOOD}), "keys", "RING_KEY"),
        (load_settings(), "hashing", "HASHING_SECRET"),
    ):
        with pytest.raises(SettingsError, match=f"PRIVACYDESK_{name} is missing.*keys generate"):
            getattr(settings, read)()


def test_the_current_key_is_one_of_the_ring() -> None:
    with pytest.raises(SettingsError, match="names none"):
        load_settings(ring_keys={"one": GOOD}, ring_key="two").keys()
    assert load_settings(ring_keys={"one": GOOD}, ring_key="one").keys() == (
        "one",
        {"one": bytes(range(32))},
    )


@pytest.mark.parametrize(
    "secret",
    ["changeme", base64.b64encode(b"short").decode(), base64.b64encode(b"a" * 32).decode(), "é"],
)
def test_placeholders_are_no_secrets_and_are_not_repeated(secret: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(hashing_secret=secret).hashing()
    assert caught.value.data["key"] == "hashing_secret"
    assert secret not in str(caught.value)


def test_a_generated_secret_is_one() -> None:
    first, second = new_secret(), new_secret()
    assert first != second
    assert len(load_settings(hashing_secret=first).hashing()) == 32


def test_secrets_are_not_in_the_settings_text() -> None:
    shown = repr(load_settings(ring_keys={"one": GOOD}, ring_key="one", hashing_secret=GOOD))
    assert GOOD not in shown


def test_a_profile_has_to_be_named() -> None:
    with pytest.raises(SettingsError, match="PRIVACYDESK_PROFILE"):
        load_settings().operator()


def test_a_ring_key_that_is_named_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVACYDESK_RING_KEYS", '{"k1": "one", "k1": "another"}')
    with pytest.raises(SettingsError, match="PRIVACYDESK_RING_KEYS names 'k1' twice"):
        load_settings()


def test_a_list_that_is_not_json_is_named_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVACYDESK_TRUSTED_PROXIES", "10.0.0.0/8")
    with pytest.raises(SettingsError, match="PRIVACYDESK_TRUSTED_PROXIES must be JSON") as refused:
        load_settings()
    assert "10.0" not in refused.value.message


def test_networks_are_read_and_a_wrong_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVACYDESK_TRUSTED_PROXIES", '["10.0.0.0/8", "fd00::/8"]')
    assert [str(one) for one in load_settings().trusted_proxies] == ["10.0.0.0/8", "fd00::/8"]
    monkeypatch.setenv("PRIVACYDESK_TRUSTED_PROXIES", '["10.0.0.1/8"]')
    with pytest.raises(SettingsError, match=r"trusted_proxies\.0: .*not a network such as"):
        load_settings()


def test_misspelt_variables_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVACYDESK_APP_TOKEN_KEY", "x")
    monkeypatch.setenv("PRIVACYDESK_PORT", "8080")
    monkeypatch.setenv("PRIVACYDESK_CONFIG", "x.toml")
    assert unknown_variables() == ("PRIVACYDESK_APP_TOKEN_KEY",)


def test_a_wrong_value_names_its_variable_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVACYDESK_PORT", "eighty")
    with pytest.raises(SettingsError, match=r"^PRIVACYDESK_PORT: ") as refused:
        load_settings()
    assert refused.value.data["key"] == "port"
    assert "eighty" not in refused.value.message


def test_a_profile_that_is_not_there_names_its_variable_first(tmp_path: Path) -> None:
    settings = load_settings(profile=tmp_path / "none.yaml")
    with pytest.raises(SettingsError, match=r"^PRIVACYDESK_PROFILE: "):
        settings.operator()
