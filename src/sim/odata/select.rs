//! `$select` and `$orderby`.

/// Returns the names of a `$select`; `None` for all.
pub(crate) fn select(text: Option<&str>) -> Option<Vec<String>> {
    let names: Vec<_> =
        text?.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    let all = names.is_empty() || names.iter().any(|name| name == "*");
    (!all).then_some(names)
}

/// One key of a `$orderby`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OrderBy {
    pub(crate) property: String,
    pub(crate) descending: bool,
}

/// Returns the keys of a `$orderby`.
pub(crate) fn order_by(text: Option<&str>) -> Vec<OrderBy> {
    let keys = text.unwrap_or_default().split(',').filter_map(|key| {
        let mut words = key.split_whitespace();
        let property = words.next()?.to_owned();
        let descending = words.next().is_some_and(|word| word.eq_ignore_ascii_case("desc"));
        Some(OrderBy { property, descending })
    });
    keys.collect()
}
