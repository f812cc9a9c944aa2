"""Reads our push messages as a browser and a push service would, with code that is not ours: http-ece opens the bodies
(RFC 8291), py-vapid verifies the tokens (RFC 8292). check.mjs does the same with Node's libraries.

    make interop
    target/tools/interop-venv/bin/python end2end/interop/check.py keys              twelve receivers with their private keys, as JSON
    target/tools/interop-venv/bin/python end2end/interop/check.py < messages.json   fails with a sentence on the first difference
"""

import json
import os
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

RECEIVERS = 12
DAY_S = 86_400
HEADER = {"typ": "JWT", "alg": "ES256"}


def encode(raw):
    return urlsafe_b64encode(raw).decode().rstrip("=")


def decode(text):
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def public_text(private):
    return encode(private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def receiver():
    private = ec.generate_private_key(ec.SECP256R1())
    d = private.private_numbers().private_value.to_bytes(32, "big")
    return {"private": encode(d), "p256dh": public_text(private), "auth": encode(os.urandom(16))}


def demand(is_so, sentence):
    if not is_so:
        raise ValueError(sentence)


def check_body(message):
    private = ec.derive_private_key(int.from_bytes(decode(message["private"]), "big"), ec.SECP256R1())
    demand(public_text(private) == message["p256dh"], "p256dh does not belong to the private key")

    body = decode(message["body"])
    demand(len(body) <= 4096, f"the body has {len(body)} bytes")
    plaintext = http_ece.decrypt(body, private_key=private, auth_secret=decode(message["auth"]), version="aes128gcm")
    demand(plaintext == decode(message["plaintext"]), "the body holds another plaintext")


def check_token(message):
    authorization, now = message["authorization"], message["now_s"]
    # py-vapid takes a header apart at its last space; the space after the comma is as good (RFC 9110, section 11.4).
    demand(Vapid02.verify(authorization.replace(", ", ",")), "the token is not signed with k")

    token = authorization.removeprefix("vapid t=").partition(", k=")[0]
    header, claims = (json.loads(decode(part)) for part in token.split(".")[:2])
    demand(header == HEADER, f"the token's header is {header}")
    demand(claims["aud"] == message["origin"], f"aud is {claims['aud']}, not {message['origin']}")
    demand(isinstance(claims["exp"], int) and now < claims["exp"] <= now + DAY_S, f"exp is {claims['exp'] - now} s ahead")
    demand(claims["sub"] == message["subject"], f"sub is {claims['sub']}, not {message['subject']}")


def main():
    if sys.argv[1:] == ["keys"]:
        print(json.dumps([receiver() for _ in range(RECEIVERS)]))
        return
    messages = json.load(sys.stdin)
    demand(messages, "there are no messages")
    for at, message in enumerate(messages, 1):
        try:
            check_body(message)
            check_token(message)
        except Exception as error:
            raise ValueError(f"message {at} of {len(messages)}: {str(error) or repr(error)}") from error
    print(f"http-ece and py-vapid: {len(messages)} messages read, {len(messages)} tokens verified")


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"http-ece and py-vapid: {error}")
