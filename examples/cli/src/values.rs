//! Arguments as they are typed.

use std::io::Read as _;

use socketio_client::{Bytes, Value};

/// JSON if it reads as JSON, text otherwise; `@FILE` is the content of a file.
pub(crate) fn argument(word: &str) -> Result<Value, String> {
    if let Some(text) = word.strip_prefix("@@") {
        return Ok(Value::from(format!("@{text}")));
    }
    if let Some(file) = word.strip_prefix('@') {
        let content = if file == "-" {
            let mut content = Vec::new();
            std::io::stdin().read_to_end(&mut content).map(|_| content)
        } else {
            std::fs::read(file)
        };
        let content = content.map_err(|error| format!("{word}: {error}"))?;
        return Ok(Value::Binary(Bytes::from(content)));
    }
    Ok(Value::from_json(word).unwrap_or_else(|_| Value::from(word)))
}

/// The name of an event: one in quotes may have blanks in it.
pub(crate) fn name(word: &str) -> String {
    match Value::from_json(word) {
        Ok(Value::String(name)) if word.starts_with('"') => name,
        _ => word.to_owned(),
    }
}

/// Cuts a line at blanks, but not within JSON.
pub(crate) fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut begun, mut depth, mut quoted, mut escaped) = (None, 0_usize, false, false);
    for (at, char) in line.char_indices() {
        let within = quoted || depth > 0;
        if char.is_whitespace() && !within {
            words.extend(begun.take().and_then(|begin| line.get(begin..at)));
            continue;
        }
        let begin = *begun.get_or_insert(at);
        match char {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            // A quotation mark in the middle of a word is one of the word: don"t.
            '"' if quoted || depth > 0 || begin == at => quoted = !quoted,
            '{' | '[' if !quoted && (depth > 0 || begin == at) => depth += 1,
            '}' | ']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    words.extend(begun.and_then(|begin| line.get(begin..)));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_as_json_is_json() {
        for (word, value) in [
            ("3", "3"),
            ("-0.5", "-0.5"),
            ("null", "null"),
            (r#""3""#, r#""3""#),
            ("hello", r#""hello""#),
            ("{a:1}", r#""{a:1}""#),
            ("", r#""""#),
            ("@@ada", r#""@ada""#),
        ] {
            assert_eq!(argument(word).unwrap().to_string(), value, "{word}");
        }
        assert!(argument("@/there/is/no/such/file").is_err());
    }

    #[test]
    fn a_line_is_cut_at_blanks_but_not_within_json() {
        assert_eq!(
            words(r#" say  hello {"a": [1, "} ]"]} "#),
            ["say", "hello", r#"{"a": [1, "} ]"]}"#]
        );
        assert_eq!(
            words(r#""my event" "a \" b" don't it"s"#),
            [r#""my event""#, r#""a \" b""#, "don't", r#"it"s"#]
        );
        assert_eq!(words("  "), Vec::<&str>::new());
        assert_eq!(name(r#""my event""#), "my event");
        assert_eq!(name("3"), "3");
    }
}
