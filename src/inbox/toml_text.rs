//! TOML as people write it: quoting for one line, and repairs for what is nearly TOML.

use std::fmt::Write as _;

use super::face::unquoted;

/// Quotes text on one line; what an editor could not show or would reorder is escaped.
pub(super) fn quoted(text: &str) -> String {
    let is_plain = !text.chars().any(needs_escape);
    if is_plain && text.contains(['"', '\\']) && !text.contains('\'') {
        return format!("'{text}'");
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if needs_escape(c) => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Control characters, line and paragraph separators, byte order marks, and marks that reorder what follows.
fn needs_escape(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200E}' | '\u{200F}' | '\u{FEFF}')
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Writes text into a comment: on one line, and visible.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if needs_escape(c) { ' ' } else { c }).collect()
}

/// Writes a key, quoted where TOML wants it.
pub(super) fn key(name: &str) -> String {
    let is_bare =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if is_bare { name.to_owned() } else { quoted(name) }
}

/// Puts right what people nearly wrote as TOML: answers without quotes or in typographic ones, and an empty answer
/// left beside a filled one. The number of lines stays as it is.
pub(super) fn repaired(block: &str) -> String {
    let mut lines: Vec<String> = block.lines().map(repaired_line).collect();
    let mut filled: Vec<(String, usize, bool)> = Vec::new();
    let mut emptied = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if line.trim_start().starts_with('[') {
            filled.clear();
        }
        let Some((name, rest)) = answer_line(line) else { continue };
        let is_filled = !without_comment(rest).trim_matches(['"', '\'']).trim().is_empty();
        match filled.iter().position(|(other, _, _)| *other == name) {
            Some(at) if is_filled && !filled[at].2 => {
                emptied.push(filled[at].1);
                filled[at] = (name, index, true);
            }
            Some(_) if !is_filled => emptied.push(index),
            Some(_) => {}
            None => filled.push((name, index, is_filled)),
        }
    }
    for index in emptied {
        lines[index] = comment_of(&lines[index]).to_owned();
    }
    lines.join("\n") + "\n"
}

fn repaired_line(line: &str) -> String {
    let Some((name, rest)) = answer_line(line) else { return line.to_owned() };
    if line.parse::<toml_edit::DocumentMut>().is_ok() {
        return line.to_owned();
    }
    let written = without_comment(rest).trim();
    let bare = unquoted(written);
    if bare.contains(['"', '“', '”', '„']) || bare.starts_with('\'') || written.starts_with(['[', '{'])
    {
        return line.to_owned();
    }
    format!("{name} = {} {}", quoted(bare), comment_of(line))
}

/// Splits `answer = …` and `value = …`.
fn answer_line(line: &str) -> Option<(String, &str)> {
    let (name, rest) = line.split_once('=')?;
    let name = unquoted(name).to_lowercase();
    matches!(name.as_str(), "answer" | "value").then_some((name, rest))
}

fn without_comment(text: &str) -> &str {
    let end = comment_start(text).unwrap_or(text.len());
    text[..end].trim()
}

fn comment_of(text: &str) -> &str {
    comment_start(text).map_or("", |start| text[start..].trim())
}

/// Finds a comment after the value: a `#` after a blank, outside quotes.
fn comment_start(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut before = ' ';
    for (index, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '#' && before.is_whitespace() => return Some(index),
            None if c == '"' => quote = Some(c),
            None if c == '\'' && before.is_whitespace() => quote = Some(c),
            None => {}
        }
        before = c;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearly_toml_becomes_toml() {
        let check = |written: &str, expected: &str| assert_eq!(repaired(written).trim_end(), expected);
        check("answer = dataverse", "answer = \"dataverse\"");
        check("answer = “dataverse” # as Bob says", "answer = \"dataverse\" # as Bob says");
        check("Answer = 'data verse'", "Answer = 'data verse'");
        check("value = 030-1", "value = \"030-1\"");
        check("value = C# shop", "value = \"C# shop\"");
        check("answer =", "answer = \"\"");
        check("answer = \"\"\nanswer = \"later\"", "\nanswer = \"later\"");
    }

    #[test]
    fn a_text_that_was_cut_off_is_not_completed() {
        for cut in ["value = \"030-00", "value = “030-00", "value = '030-00", "value = \"\"\"030"] {
            assert_eq!(repaired(cut).trim_end(), cut);
        }
    }

    #[test]
    fn text_is_quoted_so_that_it_stays_readable() {
        for (text, expected) in [
            ("", r#""""#),
            ("it's", r#""it's""#),
            (r#"say "x""#, r#"'say "x"'"#),
            (r"C:\x", r"'C:\x'"),
            (r#"it's "x" \"#, r#""it's \"x\" \\""#),
            ("a\nb\rc\td", r#""a\nb\rc\td""#),
            ("\"\n", r#""\"\n""#),
            ("\u{85}\u{1}", r#""\u0085\u0001""#),
        ] {
            assert_eq!(quoted(text), expected);
            let document: toml_edit::DocumentMut = format!("x = {}", quoted(text)).parse().unwrap();
            assert_eq!(document["x"].as_str(), Some(text));
        }
    }

    #[test]
    fn what_an_editor_could_not_show_is_escaped_and_its_neighbours_are_not() {
        let escaped = |c: char| quoted(&c.to_string()).starts_with("\"\\");
        let marks =
            ['\u{7}', '\u{7F}', '\u{200E}', '\u{200F}', '\u{2028}', '\u{2029}', '\u{202A}', '\u{202E}'];
        for c in marks.into_iter().chain(['\u{2066}', '\u{2069}', '\u{FEFF}']) {
            assert!(escaped(c), "{c:?}");
            assert_eq!(one_line(&format!("a{c}b")), "a b");
        }
        for c in ['\u{2010}', '\u{2027}', '\u{202F}', '\u{2065}', '\u{206A}', 'é'] {
            assert!(!escaped(c), "{c:?}");
            assert_eq!(one_line(&c.to_string()), c.to_string());
        }
    }

    #[test]
    fn a_key_is_quoted_where_it_has_to_be() {
        assert_eq!(
            ["business-central_2", "a b", "", "é"].map(key),
            ["business-central_2", "\"a b\"", "\"\"", "\"é\""]
        );
    }

    #[test]
    fn an_empty_answer_beside_a_filled_one_goes_and_its_comment_stays() {
        let check = |written: &str, expected: &str| assert_eq!(repaired(written).trim_end(), expected);
        check("answer = \"\" # Bob\nanswer = \"a\"\nanswer = ''", "# Bob\nanswer = \"a\"");
        check("answer = \"a\"\nvalue = \"\"\nanswer = \"\" # Bob", "answer = \"a\"\nvalue = \"\"\n# Bob");
        // Two that say something are a person's matter, and each section has its own.
        for both in ["answer = \"a\"\nanswer = \"b\"", "answer = \"\"\n[[conflict.field]]\nanswer = \"b\""] {
            check(both, both);
        }
    }

    #[test]
    fn only_answers_are_put_right() {
        let check = |written: &str, expected: &str| assert_eq!(repaired(written).trim_end(), expected);
        check("name = Bob", "name = Bob");
        check("\"Value\" = 1 2", "value = \"1 2\"");
        check("value = left#x", "value = \"left#x\"");
        check("value = it's # Bob's", "value = \"it's\" # Bob's");
        for other in ["answer = [left", "value = {x", "value = 'a", "answer"] {
            check(other, other);
        }
    }

    #[test]
    fn a_comment_begins_after_a_blank_and_outside_quotes() {
        for (text, expected) in [
            ("x # y", Some(2)),
            ("# y", Some(0)),
            ("x#y", None),
            ("\"a # b\" # c", Some(8)),
            ("'a # b' # c", Some(8)),
            ("it's # c", Some(5)),
            ("a \"b # c", None),
            ("a 'b\" # c' # d", Some(11)),
            ("a\"b # c\" # d", Some(9)),
        ] {
            assert_eq!(comment_start(text), expected, "{text}");
        }
        assert_eq!((without_comment(" x # y "), comment_of(" x # y ")), ("x", "# y"));
        assert_eq!((without_comment(" x "), comment_of(" x ")), ("x", ""));
    }
}
