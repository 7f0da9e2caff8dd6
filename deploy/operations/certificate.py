"""The self-signed certificate of the public load balancer: made here, kept as a secret, imported into ACM, and given to Telegram."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

from deploy.operations.settings import Refused

DAYS = 825  # more is refused by some clients


def make(host: str) -> str:
    """A certificate for this host name and its key, in PEM form, one after the other. Raises Refused where openssl can't."""
    program = shutil.which("openssl")
    if program is None:
        raise Refused("openssl is not on the PATH, and makes the certificate")
    if len(host) > 64:
        raise Refused(f"{host} has {len(host)} characters; the name in a certificate has 64 at most: choose a shorter `name`, or a domain")
    command = [program, "req", "-x509", "-newkey", "rsa:2048", "-sha256", "-nodes", "-days", str(DAYS)]
    names = ["-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"]
    done = subprocess.run([*command, *names, "-keyout", "/dev/stdout"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(f"openssl made no certificate: {done.stderr.strip()}")
    return "".join(sorted(blocks(done.stdout)))  # CERTIFICATE before PRIVATE KEY


def blocks(pem: str) -> list[str]:
    """The PEM blocks in a text."""
    return [f"{found[0]}\n" for found in re.finditer(r"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", pem, flags=re.DOTALL)]


def certificate_of(pem: str) -> str:
    """The certificate alone, without its key."""
    return next(block for block in blocks(pem) if "BEGIN CERTIFICATE" in block)


def key_of(pem: str) -> str:
    """The key alone."""
    return next(block for block in blocks(pem) if "PRIVATE KEY" in block)


def import_into(acm: Any, service: str, pem: str) -> str:
    """Have ACM hold it, in the place of an earlier one of this service's; its ARN."""
    arn = find(acm, service)
    given = {"Certificate": certificate_of(pem).encode(), "PrivateKey": key_of(pem).encode()}
    if arn:
        acm.import_certificate(CertificateArn=arn, **given)
        return arn
    return str(acm.import_certificate(**given, Tags=[{"Key": "Service", "Value": service}])["CertificateArn"])


def find(acm: Any, service: str) -> str:
    """The ARN of the certificate that was imported for this service; empty where there is none."""
    pages = acm.get_paginator("list_certificates").paginate(Includes={"keyTypes": ["RSA_2048"]})
    for arn in (one["CertificateArn"] for page in pages for one in page["CertificateSummaryList"]):
        tags = acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]
        if {"Key": "Service", "Value": service} in tags:
            return str(arn)
    return ""
