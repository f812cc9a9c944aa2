"""Judges the passkeys of `passkeys.mjs` with PyPI `fido2`.

    python passkeys.py < cases.json    a list of verdicts, in the order of the cases
"""

import json
import sys

from fido2.cose import CoseKey
from fido2.cbor import decode
from fido2.server import Fido2Server
from fido2.utils import websafe_decode
from fido2.webauthn import (
    AttestedCredentialData,
    PublicKeyCredentialRpEntity,
    UserVerificationRequirement,
)


def fields(case):
    """A credential as browsers write it (W3C Web Authentication, §5.1 toJSON)."""
    response = {"clientDataJSON": case["client_data"]}
    if case["ceremony"] == "create":
        response["attestationObject"] = case["attestation"]
    else:
        response["authenticatorData"] = case["authenticator_data"]
        response["signature"] = case["signature"]
    name = case["credential_id"]
    return {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}}


def judge(server, case):
    state = {"challenge": case["challenge"], "user_verification": UserVerificationRequirement.REQUIRED}
    try:
        if case["ceremony"] == "create":
            server.register_complete(state, fields(case))
        else:
            key = CoseKey.parse(decode(websafe_decode(case["cose_key"])))
            known = AttestedCredentialData.create(bytes(16), websafe_decode(case["credential_id"]), key)
            server.authenticate_complete(state, [known], fields(case))
        return True
    except Exception:
        return False


def main():
    given = json.load(sys.stdin)
    site = given["site"]
    entity = PublicKeyCredentialRpEntity(name="umbba", id=site["rpId"])
    server = Fido2Server(entity, verify_origin=lambda origin: origin == site["origin"])
    print(json.dumps([judge(server, case) for case in given["cases"]]))


main()
