// An HTTP/2 server (prior knowledge) that ends connections as APNs does: GOAWAY with a JSON reason as its debug data
// (RFC 9113 §6.8), which the tests' own server cannot send.
//
//     node end2end/interop/goaway.mjs unprocessed lost failed answered
//
// Each argument says how a connection ends at its second request; the connections after them do not end. Prints the
// port, then a line for each request: the number of its connection and what was done. Ends with its input.

import { constants, createServer } from 'node:http2';

const REASON = Buffer.from(JSON.stringify({ reason: 'Shutdown' }));
const { NGHTTP2_NO_ERROR: NO_ERROR, NGHTTP2_ENHANCE_YOUR_CALM: CALM } = constants;

const deeds = {
  kept: (stream) => stream.respond({ ':status': 200 }, { endStream: true }),
  // The streams before this one were processed, this one was not: it may be sent again.
  unprocessed: (stream) => stream.session.goaway(NO_ERROR, stream.id - 2, REASON),
  // This stream was processed, and its answer never comes.
  lost: (stream) => end(stream.session, NO_ERROR, stream.id),
  failed: (stream) => end(stream.session, CALM, stream.id),
  answered: (stream) => {
    stream.respond({ ':status': 200 }, { endStream: true });
    stream.session.goaway(NO_ERROR, stream.id, REASON);
  },
};

function end(session, code, last) {
  session.goaway(code, last, REASON);
  // The frame is written before the socket closes.
  setImmediate(() => session.socket.destroySoon());
}

const endings = process.argv.slice(2);
let connections = 0;
const server = createServer();
server.on('session', (session) => {
  const number = connections;
  connections += 1;
  let requests = 0;
  session.on('error', () => {});
  session.on('stream', (stream) => {
    requests += 1;
    const deed = (requests === 2 && endings[number]) || 'kept';
    stream.on('error', () => {});
    stream.on('end', () => {
      console.log(`${number} ${deed}`);
      deeds[deed](stream);
    });
    stream.resume();
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit(0)).resume();
