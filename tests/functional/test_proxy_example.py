"""The operators' example of a proxy: nginx takes it, and nothing goes in the clear."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.common.stories import ROOT

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def example() -> str:
    page = (ROOT / "docs" / "operating.md").read_text("utf-8")
    (found,) = re.findall(r"```nginx\n(.*?)```", page, re.DOTALL)
    return str(found)


def servers() -> dict[str, str]:
    """Return the example's servers by what they listen on."""
    parts = re.split(r"^server \{$", example(), flags=re.MULTILINE)[1:]
    listens = (re.search(r"listen ([^;]+);", part) for part in parts)
    return {found[1]: part for found, part in zip(listens, parts, strict=True) if found}


def test_what_comes_in_the_clear_is_sent_to_tls_and_nowhere_else() -> None:
    plain = servers()["80"]
    assert "return 301 https://$host$request_uri;" in plain
    assert "proxy_pass" not in plain


def test_browsers_are_told_to_come_by_tls_alone() -> None:
    found = re.search(
        r'add_header Strict-Transport-Security "max-age=(\d+)[^"]*" always;', servers()["443 ssl"]
    )
    assert found is not None
    assert int(found[1]) >= 365 * 86_400
    # An `add_header` further in would leave this one out.
    assert servers()["443 ssl"].count("add_header") == 1


@pytest.mark.skipif(NGINX is None, reason="no nginx: apt-get install nginx-light")
def test_nginx_takes_the_example(tmp_path: Path) -> None:
    certificate, key = _certificate(tmp_path)
    taken = example().replace("/etc/ssl/desk.example.com.pem", str(certificate))
    taken = taken.replace("/etc/ssl/private/desk.example.com.key", str(key))
    file = tmp_path / "nginx.conf"
    file.write_text(
        f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{taken}}}\n", "utf-8"
    )
    assert NGINX is not None
    done = subprocess.run(  # noqa: S603 - the program that was found above
        [NGINX, "-t", "-p", str(tmp_path), "-c", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for the example's name, as nginx looks into the files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "desk.example.com")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    files = folder / "desk.pem", folder / "desk.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files
