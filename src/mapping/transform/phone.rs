//! Telephone numbers.

/// Returns a number as digits with a leading plus. What has letters in it, or no digits, is kept as it is.
///
/// `00` in front stands for the plus, `(0)` after a calling code for nothing; a single `0` in front, or none, gives way to
/// `calling_code`, where there is one.
pub(super) fn normal(text: &str, calling_code: Option<&str>) -> String {
    let text = text.trim();
    let is_number = text.chars().all(|c| c.is_ascii_digit() || c.is_whitespace() || "+()-./".contains(c));
    if !is_number || !text.contains(|c: char| c.is_ascii_digit()) {
        return text.to_owned();
    }
    let is_international = text.starts_with('+') || digits(text).starts_with("00");
    let text = if is_international { text.replace("(0)", "") } else { text.to_owned() };
    let digits = digits(&text);
    match (is_international, calling_code) {
        (true, _) if text.starts_with('+') => format!("+{digits}"),
        (true, _) => format!("+{}", &digits[2..]),
        (false, Some(code)) => format!("+{code}{}", digits.strip_prefix('0').unwrap_or(&digits)),
        (false, None) => digits,
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}
