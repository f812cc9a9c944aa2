"""Reads our tokens for FCM (RS256) and APNs (ES256) with PyJWT. tokens.mjs does the same with npm jsonwebtoken.

    target/tools/interop-venv/bin/python end2end/interop/tokens.py < tokens.json

It fails with a sentence on the first difference.
"""

import json
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key


def demand(is_so, sentence):
    if not is_so:
        raise ValueError(sentence)


def altered(token):
    """The token with other claims under the same signature."""
    header, claims, signature = token.split(".")
    other = json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4))) | {"iss": "somebody else"}
    return ".".join([header, urlsafe_b64encode(json.dumps(other).encode()).decode().rstrip("="), signature])


def check(entry):
    token, header, claims = entry["token"], entry["header"], entry["claims"]
    key = load_pem_private_key(entry["private_key"].encode(), None).public_key()
    read = jwt.decode_complete(
        token, key, algorithms=[header["alg"]], issuer=claims["iss"], audience=claims.get("aud"),
        options={"require": list(claims)},
    )
    demand(read["header"] == header, f"the header is {read['header']}")
    demand(read["payload"] == claims, f"the claims are {read['payload']}")
    try:
        jwt.decode(altered(token), key, algorithms=[header["alg"]], options={"verify_aud": False})
    except jwt.InvalidSignatureError:
        return
    raise ValueError("an altered token is accepted")


def main():
    tokens = json.load(sys.stdin)
    for at, entry in enumerate(tokens, 1):
        try:
            check(entry)
        except Exception as error:
            raise ValueError(f"token {at} of {len(tokens)}: {str(error) or repr(error)}") from error
    print(f"PyJWT: {len(tokens)} tokens read, {len(tokens)} altered tokens refused")


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"PyJWT: {error}")
