//! Changing the sign-in of one connection in `tandem.toml`. The rest of the file stays as people wrote it.

use toml_edit::{DocumentMut, Item};

use super::edit::exchange;
use super::load::read;
use super::{ConfigError, Places, SignIn};

/// Replaces the `sign_in` of a connection, in one step.
pub fn replace_sign_in(places: &Places, connection: &str, sign_in: &SignIn) -> Result<(), ConfigError> {
    let path = places.config_file();
    let text = replaced(&read(&path)?, connection, sign_in)
        .map_err(|problem| ConfigError::Wrong { path: path.clone(), problem })?;
    exchange(&path, &text).map_err(|source| ConfigError::Unwritable { path, source })
}

fn replaced(text: &str, connection: &str, sign_in: &SignIn) -> Result<String, String> {
    // Never the error's own excerpt of the text: it could show a secret.
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
    let mut table =
        toml_edit::ser::to_document(sign_in).map_err(|error| error.to_string())?.as_table().clone();
    let old = ["connections", connection, "sign_in"]
        .into_iter()
        .try_fold(document.as_item_mut(), |item, key| item.as_table_like_mut()?.get_mut(key))
        .ok_or_else(|| format!("there is no sign_in of [connections.{connection}]"))?;
    if let Item::Table(before) = old {
        *table.decor_mut() = before.decor().clone();
        table.set_position(before.position());
        *old = Item::Table(table);
    } else {
        *old = Item::Value(table.into_inline_table().into());
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign_in() -> SignIn {
        SignIn::Command { command: "print-token".to_owned() }
    }

    #[test]
    fn only_the_sign_in_changes() {
        let text = "# ours\nmappings = [ \"A\" ] # one\n\n[connections.x]\nkind = \"dataverse\"\n\n\
                    # how\n[connections.x.sign_in]\nkind = \"client-secret\" # old\n\n[connections.y]\nurl = \"u\" # last\n";
        let expected = "# ours\nmappings = [ \"A\" ] # one\n\n[connections.x]\nkind = \"dataverse\"\n\n\
                        # how\n[connections.x.sign_in]\nkind = \"command\"\ncommand = \"print-token\"\n\n[connections.y]\nurl = \"u\" # last\n";
        assert_eq!(replaced(text, "x", &sign_in()).unwrap(), expected);
        let inline = "[connections.x]\nurl = \"u\"\nsign_in = { kind = \"basic\" }\n";
        let expected =
            "[connections.x]\nurl = \"u\"\nsign_in = { kind = \"command\", command = \"print-token\" }\n";
        assert_eq!(replaced(inline, "x", &sign_in()).unwrap(), expected);
    }

    #[test]
    fn an_unknown_connection_is_named() {
        let error = replaced("[connections.x]\n", "y", &sign_in()).unwrap_err();
        assert!(error.contains("[connections.y]"), "{error}");
        let error = replaced("secret = hunter2 [", "y", &sign_in()).unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
