//! All printing. Standard output gets what was asked for and nothing else; everything beside it goes to standard error.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

/// How results are printed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    /// JSON instead of text.
    pub(super) json: bool,
}

impl Output {
    /// Prints a result: as JSON, or as the text that `render` makes of it.
    pub(super) fn show<T: Serialize>(self, result: &T, render: impl FnOnce(&T) -> String) {
        if self.json { self.json_line(result) } else { self.text(&render(result)) }
    }

    /// Prints text and ends it with a line break.
    pub(super) fn text(self, text: &str) {
        write_line(&mut io::stdout().lock(), one_break_less(text));
    }

    /// Prints one line of JSON.
    pub(super) fn json_line<T: Serialize>(self, result: &T) {
        write_line(&mut io::stdout().lock(), &json_text(result));
    }

    /// Prints an error, or a hint beside the result.
    pub(super) fn note(self, text: &str) {
        write_line(&mut io::stderr().lock(), one_break_less(text));
    }

    /// Returns whether a person is there to be asked.
    pub(super) fn can_ask(self) -> bool {
        self.is_watched() && io::stdin().is_terminal()
    }

    /// Returns whether a person watches and moving bars do no harm.
    pub(super) fn is_watched(self) -> bool {
        !self.json && io::stderr().is_terminal() && io::stdout().is_terminal()
    }
}

/// Returns a value as JSON in one line.
pub(super) fn json_text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("what is printed has text keys only, so it is JSON")
}

/// Printing ends the text with a line break of its own.
fn one_break_less(text: &str) -> &str {
    text.strip_suffix('\n').unwrap_or(text)
}

/// A reader that went away (`tandem plan | head`) is no failure of the command.
fn write_line(stream: &mut impl Write, text: &str) {
    let _ = writeln!(stream, "{text}").and_then(|()| stream.flush());
}

/// Makes text safe for one line of a terminal: line breaks and control characters show as escapes.
pub(super) fn in_one_line(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    let escaped = |character: char| match character.is_control() {
        true => character.escape_default().to_string(),
        false => character.to_string(),
    };
    text.chars().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_can_neither_break_the_line_nor_steer_the_terminal() {
        assert_eq!(in_one_line("Straße\n1\u{1b}[2J"), "Straße\\n1\\u{1b}[2J");
        assert_eq!(in_one_line("Café \"Lumière\""), "Café \"Lumière\"");
    }
}
