"""Sends messages with google-auth: a service account gets an access token, and each message is posted with it.

    target/tools/interop-venv/bin/python end2end/interop/fcm.py < input.json

The input has `account` (a service account's key file), `url` (of messages:send) and `messages`. Prints the status and
the body of each answer, or `{"refused": …}` where the account gets no access token.
"""

import json
import sys

import requests
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2 import service_account

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"


def main():
    told = json.load(sys.stdin)
    # The server is on this machine: a proxy of the environment is not asked.
    exchange = requests.Session()
    exchange.trust_env = False
    credentials = service_account.Credentials.from_service_account_info(told["account"], scopes=[SCOPE])
    session = AuthorizedSession(credentials, auth_request=Request(exchange))
    session.trust_env = False
    answers = []
    try:
        for message in told["messages"]:
            answer = session.post(told["url"], json={"message": message}, timeout=20)
            answers.append({"status": answer.status_code, "body": answer.json()})
    except RefreshError as error:
        print(json.dumps({"refused": str(error.args[0])}))
        return
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
