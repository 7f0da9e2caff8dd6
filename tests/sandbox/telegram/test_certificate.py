"""A webhook with a certificate of its own, as on a server without a domain: uploaded with setWebhook, it is trusted, and no other is."""

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sandbox.telegram.settings import DEFAULT_TOKEN
from tests.sandbox.telegram.rig import StandIn, serving, wait_until


def self_signed(path: Path) -> bytes:
    """Write key and certificate for 127.0.0.1; the certificate alone is returned."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    built = built.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = built.add_extension(address, critical=False).sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(key.private_bytes(*private) + certificate)
    return certificate


def test_uploaded_certificate_is_trusted_and_no_other(stand_in: StandIn, tmp_path: Path) -> None:
    certificate = self_signed(tmp_path / "server.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    with serving(context) as webhook:
        stand_in.listen_with(webhook.url)
        stand_in.text(stand_in.chat())
        info = wait_until(lambda: (info := stand_in.call("getWebhookInfo")["result"]).get("last_error_message") and info)
        assert (info["last_error_message"], info["has_custom_certificate"]) == ("SSL error {certificate verify failed}", False)

        url, form = f"{stand_in.url}/bot{DEFAULT_TOKEN}/setWebhook", {"url": webhook.url}
        wait_until(lambda: stand_in.http.post(url, data=form, files={"certificate": ("server.pem", certificate)}).is_success)
        webhook.wait_for(1)
        info = stand_in.call("getWebhookInfo")["result"]
        assert (info["has_custom_certificate"], "last_error_message" in info) == (True, False)
