// The peer of `make bench` for APNs: npm @parse/node-apn as its users get it, many notifications at once over its one
// connection.
// Arguments: port of the sink, its certificate authority, the APNs key, seconds to warm up and to measure.
// Prints two numbers: notifications accepted a second; all notifications that were accepted.
import { randomUUID } from 'node:crypto';
import apn from '@parse/node-apn';

const [port, authority, key, warmUp, measured] = process.argv.slice(2);
// A batch of ours. From 100 to 1000 at once its processor time per notification is the same.
const LANES = 250;
const DEVICE = '740f4707bebcf74f9b7c25d48e3358945f6aa01da5ddb387462c7eaf61bb78ad';
const PAIR = '018f3c1a-7b2d-7abc-8def-0123456789ab';

const provider = new apn.Provider({
  token: { key, keyId: 'ABC123DEFG', teamId: 'DEF123GHIJ' },
  address: '127.0.0.1',
  port: Number(port),
  ca: authority,
});

async function send() {
  const [id, subscription] = [randomUUID(), randomUUID()];
  const tag = subscription.replaceAll('-', '');
  const note = new apn.Notification();
  note.topic = 'family.umbba.app';
  note.pushType = 'alert';
  note.priority = 10;
  note.expiry = Math.floor(Date.now() / 1000) + 24 * 60 * 60;
  note.collapseId = tag;
  note.id = id;
  note.alert = {
    title: '오늘의 질문이 왔어요',
    body: '엄마와의 오늘 질문: 어릴 때 가장 오래 기억에 남은 여름 방학',
  };
  note.badge = 3;
  note.sound = 'default';
  note.threadId = PAIR;
  note.mutableContent = 1;
  note.interruptionLevel = 'active';
  note.payload = {
    navigate: `https://umbba.family.example/p/${PAIR}/today`,
    lang: 'ko',
    tag,
    id,
    subscription,
    receipt: id.replaceAll('-', ''),
    sent_at: Date.now(),
  };
  const { sent, failed } = await provider.send(note, DEVICE);
  if (sent.length !== 1) throw new Error(JSON.stringify(failed));
}

async function run(seconds) {
  const begun = performance.now();
  let count = 0;
  const lane = async () => {
    while (performance.now() - begun < seconds * 1000) {
      await send();
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return { count, perSecond: (count * 1000) / (performance.now() - begun) };
}

// Apple takes one notification at a time until it has accepted a token.
await send();
const warm = await run(Number(warmUp));
const { count, perSecond } = await run(Number(measured));
console.log(perSecond, 1 + warm.count + count);
process.exit(0);
