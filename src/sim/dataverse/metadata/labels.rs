//! Labels: texts by language, of which the simulator knows one.

use serde_json::{Value, json};

const LANGUAGE: u32 = 1033;

/// Returns a label.
pub(super) fn label(text: &str) -> Value {
    let localized = json!({"Label": text, "LanguageCode": LANGUAGE, "IsManaged": true});
    json!({"LocalizedLabels": [localized.clone()], "UserLocalizedLabel": localized})
}

/// Returns the text of a label that was sent.
pub(super) fn text(label: &Value) -> Option<String> {
    let labels = label["LocalizedLabels"].as_array()?;
    let ours = labels.iter().find(|label| label["LanguageCode"] == LANGUAGE).or_else(|| labels.first())?;
    ours["Label"].as_str().map(str::to_owned)
}
