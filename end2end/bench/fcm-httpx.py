# The peer of `make bench` for FCM: PyPI google-auth for the access token and httpx for HTTP/2, many messages at once.
# Arguments: port of the sink, its certificate authority, the service account's file, seconds to warm up and to measure.
# Prints two numbers: messages accepted a second; all messages that were accepted.
import asyncio
import ssl
import sys
import time
import uuid

import google.auth.transport.requests
import httpx
import requests
import uvloop
from google.oauth2 import service_account

port, authority, account, warm_up, measured = sys.argv[1:]
# httpx takes more processor time for each message the more are under way; 5, 20 and 50 were much alike.
LANES = 20
URL = f"https://127.0.0.1:{port}/v1/projects/umbba-bench/messages:send"
PAIR = "018f3c1a-7b2d-7abc-8def-0123456789ab"

credentials = service_account.Credentials.from_service_account_file(
    account, scopes=["https://www.googleapis.com/auth/firebase.messaging"]
)
session = requests.Session()
# Neither a proxy nor another list of authorities from the environment.
session.trust_env = False
session.verify = authority
ask = google.auth.transport.requests.Request(session)


def make():
    identity, subscription = uuid.uuid4(), uuid.uuid4()
    return {
        "validate_only": False,
        "message": {
            "fid": "cfYdv2tpQ9mJlOeWk8Rx1Z",
            "android": {"priority": "HIGH", "ttl": "86400s"},
            "data": {
                "title": "오늘의 질문이 왔어요",
                "body": "엄마와의 오늘 질문: 어릴 때 가장 오래 기억에 남은 여름 방학",
                "navigate": f"https://umbba.family.example/p/{PAIR}/today",
                "lang": "ko",
                "tag": subscription.hex,
                "channel": "question",
                "kind": "question",
                "app_badge": "3",
                "id": str(identity),
                "subscription": str(subscription),
                "receipt": identity.hex,
                "sent_at": str(int(time.time() * 1000)),
            },
        },
    }


async def send(client):
    # The exchange blocks the loop, once an hour.
    if not credentials.valid:
        credentials.refresh(ask)
    response = await client.post(URL, json=make(), headers={"authorization": f"Bearer {credentials.token}"})
    response.raise_for_status()


async def run(client, seconds):
    begun = time.perf_counter()
    count = 0

    async def lane():
        nonlocal count
        while time.perf_counter() - begun < seconds:
            await send(client)
            count += 1

    await asyncio.gather(*(lane() for _ in range(LANES)))
    return count, count / (time.perf_counter() - begun)


async def main():
    context = ssl.create_default_context(cafile=authority)
    async with httpx.AsyncClient(http2=True, http1=False, verify=context, trust_env=False, timeout=30) as client:
        warm, _ = await run(client, float(warm_up))
        count, per_second = await run(client, float(measured))
    print(per_second, warm + count)


# With 20 messages at once it was the faster of the two event loops in a short run.
uvloop.run(main())
