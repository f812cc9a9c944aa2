//! `data/archive.js`: the text of `archive.json` for the search, which a page from a disk cannot load otherwise.
//!
//! The JSON is in a string and not an object literal: a literal takes the field `__proto__` for the object's prototype,
//! and two of them in one object are a syntax error (ECMA-262 §B.3.1). `JSON.parse` takes it for a field like another.

pub const BEGINNING: &str = "window.ARCHIVE = JSON.parse('";
pub const END: &str = "');\n";

/// A part of the JSON, inside of the string. Lines end in the JSON only between its values.
pub fn part(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + json.len() / 8);
    for letter in json.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '\'' => text.push_str("\\'"),
            '\n' => text.push_str("\\n\\\n"),
            '\r' => text.push_str("\\r"),
            // These two end a line in scripts of before ES2019.
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            // The text may be copied into a page: nothing in it ends the script.
            '<' => text.push_str("\\x3C"),
            letter => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_the_json_ends_the_string() {
        let json = "{\"a\":\"it's\\n\u{2028}\u{2029}</script>\"}\n\r";
        assert_eq!(part(json), "{\"a\":\"it\\'s\\\\n\\u2028\\u2029\\x3C/script>\"}\\n\\\n\\r");
    }
}
