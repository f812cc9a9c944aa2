"""Sends notifications with aioapns to a server on this machine. apns.mjs does the same with npm @parse/node-apn.

    target/tools/interop-venv/bin/python end2end/interop/apns.py < input.json

The input has the server (`port`, `authority`: the certificate to trust), the account (`key`, `key_id`, `team`, `topic`)
and `groups` of notifications: those of a group are sent at once. Prints status, reason and timestamp of each answer.
"""

import asyncio
import json
import logging
import ssl
import sys

from aioapns import APNs, NotificationRequest, PushType
from aioapns.connection import APNsProductionClientProtocol


def request(notification):
    alert = {"title": notification["title"], "body": notification["body"]}
    return NotificationRequest(
        device_token=notification["device"],
        message={"aps": {"alert": alert, "badge": notification["badge"], "mutable-content": 1}},
        time_to_live=notification["ttl_s"],
        priority=notification["priority"],
        collapse_key=notification["collapse_id"],
        push_type=PushType.ALERT,
    )


def answer(result):
    said = {"status": int(result.status), "reason": result.description, "timestamp": result.timestamp}
    return {name: value for name, value in said.items() if value is not None}


async def main():
    told = json.load(sys.stdin)
    APNsProductionClientProtocol.APNS_SERVER = "127.0.0.1"
    APNsProductionClientProtocol.APNS_PORT = told["port"]
    client = APNs(
        key=told["key"],
        key_id=told["key_id"],
        team_id=told["team"],
        topic=told["topic"],
        ssl_context=ssl.create_default_context(cadata=told["authority"]),
    )
    answers = []
    for group in told["groups"]:
        sends = (client.send_notification(request(notification)) for notification in group)
        answers.append([answer(result) for result in await asyncio.wait_for(asyncio.gather(*sends), 20)])
    client.pool.close()
    print(json.dumps(answers))


if __name__ == "__main__":
    # What it logs of refused notifications is in its answers.
    logging.disable(logging.CRITICAL)
    asyncio.run(main())
