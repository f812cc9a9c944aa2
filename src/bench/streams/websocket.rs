//! As much of a WebSocket client as a reader needs (RFC 6455): the handshake, frames that come down, pongs that go up.

use super::wire::Wire;

const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;
const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;
/// A mask keeps proxies from being fooled by what a page sends up; on loopback, with nothing to say, zeros do.
const MASK: [u8; 4] = [0; 4];

/// What is asked for beside the cookie; the origin is a page of ours, as a browser would say.
pub fn handshake(port: u16, cookie: &str) -> String {
    format!(
        "GET /events?after=0 HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://localhost:{port}\r\nCookie: \
         {cookie}\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \
         dW1iYmEtYmVuY2gtMjAyNg==\r\n\r\n"
    )
}

/// The next frame: a message's text, or nothing of interest. A ping is answered.
pub async fn next(wire: &mut Wire) -> Result<Option<Vec<u8>>, String> {
    let head = wire.exact(2).await?;
    let length = match head[1] {
        126 => number(&wire.exact(2).await?),
        127 => number(&wire.exact(8).await?),
        short => usize::from(short),
    };
    let payload = wire.exact(length).await?;
    match head[0] & !FINAL {
        TEXT => Ok(Some(payload)),
        PING => {
            // At most 125 bytes: it is a control frame (§5.5).
            let mut pong = vec![FINAL | PONG, MASKED | length as u8];
            pong.extend(MASK);
            pong.extend(payload);
            wire.send(&pong).await?;
            Ok(None)
        }
        CLOSE => {
            Err(format!("the socket was closed: {}", String::from_utf8_lossy(payload.get(2..).unwrap_or_default())))
        }
        _ => Ok(None),
    }
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}
