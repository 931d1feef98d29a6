//! The words of a `$filter`.

/// One word of a filter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// An unquoted run: an operator, a property, a number, a guid, a date.
    Word(String),
    /// A quoted string, unescaped.
    Text(String),
    Open,
    Close,
    Comma,
    OpenList,
    CloseList,
}

/// Splits a filter into words; `None` if a string does not end.
pub(super) fn tokens(filter: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut rest = filter.trim_start();
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '(' => push(&mut found, Token::Open, rest),
            ')' => push(&mut found, Token::Close, rest),
            '[' => push(&mut found, Token::OpenList, rest),
            ']' => push(&mut found, Token::CloseList, rest),
            ',' => push(&mut found, Token::Comma, rest),
            '\'' | '"' => {
                let (text, after) = quoted(rest, first)?;
                found.push(Token::Text(text));
                after
            }
            _ => {
                let separators =
                    |character: char| character.is_whitespace() || "()[],'\"".contains(character);
                let end = rest.find(separators).unwrap_or(rest.len());
                found.push(Token::Word(rest[..end].to_owned()));
                &rest[end..]
            }
        }
        .trim_start();
    }
    Some(found)
}

fn push<'a>(found: &mut Vec<Token>, token: Token, rest: &'a str) -> &'a str {
    found.push(token);
    &rest[1..]
}

/// Reads a string in which the quote is doubled.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut content = String::new();
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character != quote {
            content.push(character);
        } else if characters.next_if(|(_, next)| *next == quote).is_some() {
            content.push(quote);
        } else {
            return Some((content, &text[at + 1..]));
        }
    }
    None
}
