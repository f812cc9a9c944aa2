//! A minimal WebSocket client that only reads (RFC 6455): handshake, incoming frames and outgoing pongs.

use super::wire::Wire;

const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;
const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;
/// The masking key (RFC 6455 §5.3). It is zero because no proxy on loopback needs the protection of a random mask.
const MASK: [u8; 4] = [0; 4];

/// Builds the handshake request. Its origin is that of our own pages, as a browser would send it.
pub fn handshake(port: u16, cookie: &str) -> String {
    format!(
        "GET /events?after=0 HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://localhost:{port}\r\nCookie: \
         {cookie}\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \
         dW1iYmEtYmVuY2gtMjAyNg==\r\n\r\n"
    )
}

/// Reads the next frame. Returns the text of a message, or `None` for any other frame. Answers pings.
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
