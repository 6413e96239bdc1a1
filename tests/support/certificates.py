"""Certificates for tests, made on the spot: no key is ever kept."""

import shutil
import subprocess
from pathlib import Path

import pytest


def certificate(folder: Path, name: str, *signed_by: str, days: int = 2) -> None:
    """`name`.pem and .key, for 127.0.0.1, signed by itself or by another of these."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed (it comes with the Debian package openssl)")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    signer = ["-CA", f"{signed_by[0]}.pem", "-CAkey", f"{signed_by[0]}.key"] if signed_by else []
    usage = "subjectAltName=IP:127.0.0.1" if signed_by else "basicConstraints=critical,CA:TRUE"
    files = ["-subj", f"/CN={name}", "-addext", usage, "-keyout", f"{name}.key", "-out", f"{name}.pem"]
    subprocess.run([*command, *signer, *files, "-days", str(days)], cwd=folder, check=True, capture_output=True)
