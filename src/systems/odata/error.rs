//! What a service says when it refuses, in whatever form it says it.

use serde_json::Value as Json;

use crate::systems::Refusal;

/// A refusal as the service gave it, with its code normalised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceError {
    pub status: u16,
    /// A name (`Request_EntityChanged`) or an HRESULT as `0x80040217`; empty where there is none.
    pub code: String,
    /// The service's own text. It may hold row contents.
    pub message: String,
}

/// Longer texts (a gateway's HTML) are cut.
const MAX_MESSAGE_CHARS: usize = 1000;

impl ServiceError {
    /// Reads an error body: OData's, an older one, or anything a gateway sends.
    pub fn parse(status: u16, body: &[u8]) -> Self {
        let Ok(json) = serde_json::from_slice::<Json>(body) else {
            let message = String::from_utf8_lossy(body).trim().chars().take(MAX_MESSAGE_CHARS).collect();
            return Self { status, code: String::new(), message };
        };
        let error = json.get("error").unwrap_or(&json);
        let code = error.get("code").map(code_text).unwrap_or_default();
        let message = ["message", "Message"].iter().find_map(|name| error.get(name)).map(message_text);
        Self { status, code: normal_code(&code), message: message.unwrap_or_default() }
    }

    /// Returns the refusal as the port knows it.
    pub fn refusal(self) -> Refusal {
        Refusal { status: Some(self.status), code: self.code, message: self.message }
    }
}

fn code_text(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

fn message_text(json: &Json) -> String {
    let text = json.as_str().or_else(|| json.get("value").and_then(Json::as_str));
    text.unwrap_or_default().chars().take(MAX_MESSAGE_CHARS).collect()
}

/// Writes hex and (signed) decimal codes alike; `""`, `null` and `0x0` mean no code.
fn normal_code(code: &str) -> String {
    let code = code.trim();
    let hex = code.strip_prefix("0x").or_else(|| code.strip_prefix("0X"));
    let number = match hex {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => code.parse::<i64>().ok().and_then(|number| {
            i32::try_from(number).map(i32::cast_unsigned).or_else(|_| u32::try_from(number)).ok()
        }),
    };
    match number {
        Some(0) => String::new(),
        Some(number) => format!("0x{number:08X}"),
        None if code == "null" => String::new(),
        None => code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(body: &str) -> String {
        ServiceError::parse(400, body.as_bytes()).code
    }

    #[test]
    fn a_code_has_one_spelling() {
        for body in [
            r#"{"error":{"code":"0x80040217","message":"x"}}"#,
            r#"{"error":{"code":"-2147220969"}}"#,
            r#"{"error":{"code":"2147746327"}}"#,
            r#"{"error":{"code":-2147220969}}"#,
        ] {
            assert_eq!(code(body), "0x80040217", "{body}");
        }
        assert_eq!(code(r#"{"error":{"code":"0x8006088a"}}"#), "0x8006088A");
        assert_eq!(code(r#"{"error":{"code":"Request_EntityChanged"}}"#), "Request_EntityChanged");
        for body in
            [r#"{"error":{"code":""}}"#, r#"{"error":{"code":"0x0"}}"#, r#"{"error":{"code":null}}"#, "{}"]
        {
            assert_eq!(code(body), "", "{body}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_body_can_make_the_reader_fail(body: Vec<u8>, text in "[{}\\[\\],:\"a0x-]{0,40}") {
            let _ = ServiceError::parse(400, &body);
            let _ = ServiceError::parse(400, format!(r#"{{"error":{{"code":{text}}}}}"#).as_bytes());
            proptest::prop_assert!(ServiceError::parse(400, &body).message.len() <= 4 * MAX_MESSAGE_CHARS);
        }
    }

    #[test]
    fn any_body_gives_an_error() {
        let message = |body: &str| ServiceError::parse(502, body.as_bytes()).message;
        assert_eq!(message(r#"{"error":{"message":"no"}}"#), "no");
        assert_eq!(message(r#"{"error":{"message":{"lang":"en","value":"no"}}}"#), "no");
        assert_eq!(message(r#"{"Message":"no"}"#), "no");
        assert_eq!(message("<html>Bad Gateway</html>"), "<html>Bad Gateway</html>");
        assert_eq!(message(""), "");
        assert_eq!(message("[1]"), "");
    }
}
