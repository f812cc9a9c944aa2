//! A link as a QR picture (ISO/IEC 18004), drawn as one SVG path.

use qrcode::{EcLevel, QrCode, types::Color};

/// Light modules around the code, as the standard asks.
const QUIET: usize = 4;

/// The path draws the dark modules, one unit each.
pub struct Picture {
    pub path: String,
    pub size: usize,
}

/// Draws `text`. The picture is empty if the text is too long for a code; the app's links are not.
pub fn draw(text: &str) -> Picture {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::M) else {
        return Picture { path: String::new(), size: 0 };
    };
    let width = code.width();
    let mut path = String::new();
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            path.push_str(&format!("M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET));
        }
    }
    Picture { path, size: width + 2 * QUIET }
}
