// The peer of `make bench`: npm web-push as its users get it, on one core.
// Arguments: port of the sink, receiver's public key and secret, bytes of a payload, seconds of each measurement.
// Prints two numbers: messages made a second; messages made and posted a second, over 32 connections.
import http from 'node:http';
import webPush from 'web-push';

const [port, p256dh, auth, bytes, seconds] = process.argv.slice(2);
const keys = webPush.generateVAPIDKeys();
const options = { vapidDetails: { subject: 'mailto:bench@family.example', ...keys }, TTL: 3600, urgency: 'high' };
const payload = 'x'.repeat(Number(bytes));
const subscription = (origin) => ({ endpoint: `${origin}/push/peer`, keys: { p256dh, auth } });
const span = Number(seconds) * 1000;

function made() {
  const begun = performance.now();
  let count = 0;
  while (performance.now() - begun < span) {
    webPush.generateRequestDetails(subscription('https://push.example.net'), payload, options);
    count += 1;
  }
  return (count * 1000) / (performance.now() - begun);
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 32 });

// Its own `sendNotification` speaks https alone: the request is its own, the socket is ours.
function post() {
  const { method, headers, body } = webPush.generateRequestDetails(
    subscription(`http://127.0.0.1:${port}`),
    payload,
    options,
  );
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: '127.0.0.1', port, path: '/push/peer', method, headers, agent },
      (response) => {
        response.resume();
        response.on('end', () =>
          response.statusCode === 201 ? resolve() : reject(new Error(`status ${response.statusCode}`)),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

async function posted() {
  const begun = performance.now();
  let count = 0;
  const lane = async () => {
    while (performance.now() - begun < span) {
      await post();
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: 32 }, lane));
  return (count * 1000) / (performance.now() - begun);
}

const first = made();
console.log(first, await posted());
process.exit(0);
