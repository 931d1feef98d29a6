//! Links and ids in answers.

use std::borrow::Cow;

use url::Url;
use uuid::Uuid;

use crate::model::RowId;

/// Adds a service's own parameters to a path or address.
pub fn with_parameters<'a>(path: &'a str, parameters: &str) -> Cow<'a, str> {
    match (parameters, path.contains('?')) {
        ("", _) => Cow::Borrowed(path),
        (parameters, true) => Cow::Owned(format!("{path}&{parameters}")),
        (parameters, false) => Cow::Owned(format!("{path}?{parameters}")),
    }
}

/// Makes a link absolute, as seen from the address whose answer held it.
pub fn resolve(from: &str, link: &str) -> Option<String> {
    Url::parse(from).ok()?.join(link).ok().map(String::from)
}

/// Finds the last GUID in a text: a bare one, or the key of a row's address.
pub fn guid_in(text: &str) -> Option<RowId> {
    const LENGTH: usize = 36;
    let last_start = text.len().checked_sub(LENGTH)?;
    (0..=last_start)
        .rev()
        .filter_map(|start| text.get(start..start + LENGTH))
        .find_map(|candidate| Uuid::try_parse(candidate).ok())
        .map(RowId::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_may_be_relative() {
        let from = "https://a.example/api/data/v9.2/accounts?$select=name";
        let check = |link: &str, expected: &str| assert_eq!(resolve(from, link).as_deref(), Some(expected));
        check("https://a.example/x?$skiptoken=1", "https://a.example/x?$skiptoken=1");
        check(
            "accounts?$skiptoken=%3Ccookie%20a=%222%22/%3E",
            "https://a.example/api/data/v9.2/accounts?$skiptoken=%3Ccookie%20a=%222%22/%3E",
        );
        check("/api/x?$skip=2", "https://a.example/api/x?$skip=2");
        check("?$skip=2", "https://a.example/api/data/v9.2/accounts?$skip=2");
    }

    #[test]
    fn an_id_is_found_in_an_address() {
        let id = RowId::new("5c1e0000-0000-4000-8000-000000000001");
        assert_eq!(guid_in("5C1E0000-0000-4000-8000-000000000001"), Some(id.clone()));
        let company = "3f000000-0000-4000-8000-000000000002";
        let address = format!("https://a/companies({company})/customers({id})");
        assert_eq!(guid_in(&address), Some(id));
        assert_eq!(guid_in("accounts(accountnumber='ø1')"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_link_can_make_the_reader_fail(from: String, link: String) {
            let _ = resolve(&from, &link);
            if let Some(url) = resolve("https://a.example/api/x", &link) {
                proptest::prop_assert!(Url::parse(&url).is_ok());
            }
        }

        #[test]
        fn any_text_can_be_searched_for_an_id(before: String, id: u128, after in "[^0-9a-f]*") {
            let id = Uuid::from_u128(id);
            proptest::prop_assert_eq!(guid_in(&format!("{before}({id}){after}")), Some(RowId::from(id)));
        }
    }
}
