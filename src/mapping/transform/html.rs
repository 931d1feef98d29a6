//! HTML and the text in it.

use nanohtml2text::html2text;

pub(super) fn to_text(html: &str) -> String {
    html2text(html).replace("\r\n", "\n").trim().to_owned()
}

pub(super) fn from_text(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\n' => html.push_str("<br>"),
            letter => html.push(letter),
        }
    }
    html
}
