"""The simulated token endpoint, used over https by MSAL, Microsoft's sign-in library.

REQUESTS_CA_BUNDLE names the certificate to trust.
"""

import json
import os
import unittest
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import certifi
import msal
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from certificate import make

ADDRESSES = json.loads(os.environ["TANDEM_ADDRESSES"])
FOLDER = Path(os.environ["TANDEM_CERTIFICATES"])  # where application.key and application.pem are

DATAVERSE = ADDRESSES["dataverse"]
BUSINESS_CENTRAL = "https://api.businesscentral.dynamics.com"


def sign_in(credential, scope: str = DATAVERSE) -> dict:
    """Asks for a token; the answer holds `access_token` or `error`."""
    application = msal.ConfidentialClientApplication(
        ADDRESSES["client_id"],
        client_credential=credential,
        authority=ADDRESSES["token_url"].removesuffix("/oauth2/v2.0/token"),
        # The public cloud knows nothing of an authority on this machine.
        instance_discovery=False,
    )
    return application.acquire_token_for_client(scopes=[f"{scope}/.default"])


def certificate(private: bytes, public: bytes) -> dict:
    return {"private_key": private.decode(), "public_certificate": public.decode()}


def person_application() -> msal.PublicClientApplication:
    return msal.PublicClientApplication(
        ADDRESSES["client_id"],
        authority=ADDRESSES["token_url"].removesuffix("/oauth2/v2.0/token"),
        instance_discovery=False,
    )


class SignIn(unittest.TestCase):
    """What each kind of credential gets."""

    def opens_both_systems(self, credential) -> None:
        for scope, url in [
            (DATAVERSE, f"{DATAVERSE}/api/data/v9.2/WhoAmI"),
            (BUSINESS_CENTRAL, f"{ADDRESSES['business_central']}/api/v2.0/companies"),
        ]:
            answer = sign_in(credential, scope)
            self.assertEqual(answer.get("token_type"), "Bearer", answer)
            headers = {"Authorization": f"Bearer {answer['access_token']}"}
            reply = requests.get(url, headers=headers, timeout=10)
            self.assertEqual(reply.status_code, 200, reply.text)

    def is_refused(self, credential, number: int) -> None:
        answer = sign_in(credential)
        self.assertEqual((answer.get("error"), answer.get("error_codes")), ("invalid_client", [number]))

    def test_a_secret(self):
        self.opens_both_systems(ADDRESSES["client_secret"])

    def test_a_person_by_device_code(self):
        application = person_application()
        flow = application.initiate_device_flow(scopes=[f"{DATAVERSE}/user_impersonation"])
        self.assertIn(flow["user_code"], flow["message"])
        answer = application.acquire_token_by_device_flow(flow)
        self.assertEqual(answer.get("id_token_claims", {}).get("name"), "Nancy Davolio", answer)
        headers = {"Authorization": f"Bearer {answer['access_token']}"}
        me = requests.get(f"{DATAVERSE}/api/data/v9.2/WhoAmI", headers=headers, timeout=10).json()
        user = requests.get(
            f"{DATAVERSE}/api/data/v9.2/systemusers({me['UserId']})?$select=fullname", headers=headers, timeout=10
        )
        self.assertEqual(user.json()["fullname"], "Nancy Davolio")
        (account,) = application.get_accounts()
        again = application.acquire_token_silent(
            [f"{DATAVERSE}/user_impersonation"], account=account, force_refresh=True
        )
        self.assertNotEqual(again["access_token"], answer["access_token"])

    def test_a_person_in_the_browser(self):
        application = person_application()
        back = "http://localhost:5000/back"
        flow = application.initiate_auth_code_flow([f"{DATAVERSE}/user_impersonation"], redirect_uri=back)
        reply = requests.get(flow["auth_uri"], allow_redirects=False, timeout=10)
        self.assertEqual(reply.status_code, 302, reply.text)
        query = parse_qs(urlsplit(reply.headers["Location"]).query)
        answer = application.acquire_token_by_auth_code_flow(flow, {name: value[0] for name, value in query.items()})
        self.assertEqual(answer.get("token_type"), "Bearer", answer)

    def test_a_wrong_secret(self):
        self.is_refused("wrong", 7000215)

    def test_a_certificate_by_its_sha256_thumbprint(self):
        private, public = (FOLDER / "application.key").read_bytes(), (FOLDER / "application.pem").read_bytes()
        self.opens_both_systems(certificate(private, public))

    def test_a_certificate_by_its_sha1_thumbprint(self):
        private, public = (FOLDER / "application.key").read_bytes(), (FOLDER / "application.pem").read_bytes()
        thumbprint = x509.load_pem_x509_certificate(public).fingerprint(hashes.SHA1()).hex()
        self.opens_both_systems({"private_key": private.decode(), "thumbprint": thumbprint})

    def test_a_certificate_nobody_registered(self):
        self.is_refused(certificate(*make("stranger")), 700027)

    def test_a_certificate_with_another_key(self):
        private, _ = make("stranger")
        public = (FOLDER / "application.pem").read_bytes()
        self.is_refused(certificate(private, public), 700027)

    def test_an_authority_that_is_not_trusted(self):
        with self.assertRaises(requests.exceptions.SSLError):
            requests.get(ADDRESSES["dataverse"], verify=certifi.where(), timeout=10)


if __name__ == "__main__":
    unittest.main()
