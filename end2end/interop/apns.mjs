// Sends notifications with npm `@parse/node-apn` to a server on this machine. `apns.py` does the same with aioapns.
//
//     node end2end/interop/apns.mjs < input.json
//
// The input has the server (`port`, `authority`: the certificate to trust), the account (`key`, `key_id`, `team`,
// `topic`) and `groups` of notifications: those of a group are sent at once. Prints status, reason and timestamp of
// each answer.

import { json } from 'node:stream/consumers';
import apn from '@parse/node-apn';

const TRIALS = 10;

function note({ title, body, badge, ttl_s: ttl, priority, collapse_id: collapseId }, topic) {
  const made = new apn.Notification();
  made.alert = { title, body };
  made.badge = badge;
  made.mutableContent = true;
  made.expiry = Math.floor(Date.now() / 1000) + ttl;
  made.priority = priority;
  made.collapseId = collapseId;
  made.pushType = 'alert';
  made.topic = topic;
  return made;
}

/** Sends until there is an answer: the library leaves it to its caller to repeat what a closed connection lost. */
async function send(provider, notification, topic) {
  let lost;
  for (let trial = 0; trial < TRIALS; trial += 1) {
    const { sent, failed } = await provider.send(note(notification, topic), notification.device);
    if (sent.length > 0) return { status: 200 };
    const [{ status, response, error }] = failed;
    if (status) return { status, ...(response ?? { reason: error?.message }) };
    lost = error;
  }
  throw lost;
}

async function main() {
  const { port, authority, key, key_id: keyId, team: teamId, topic, groups } = await json(process.stdin);
  const provider = new apn.Provider({ token: { key, keyId, teamId }, address: '127.0.0.1', port, ca: authority });
  const answers = [];
  for (const group of groups) {
    answers.push(await Promise.all(group.map((notification) => send(provider, notification, topic))));
  }
  await provider.shutdown();
  console.log(JSON.stringify(answers));
}

main().catch((error) => {
  console.error(`node-apn: ${error.message ?? error}`);
  process.exit(1);
});
