//! What the answers to a connection's test mean, as far as no product knows it better. Asks nothing itself.

use std::collections::{BTreeMap, BTreeSet};
use std::env;

use jiff::Timestamp;
use url::Url;

use crate::config::{OtherBaseCurrency, SignIn};
use crate::mapping::{Field, Mapping};
use crate::model::{ConnectionName, Side, TableName};
use crate::systems::{Check, Finding, Needs, SystemError, Verdict};

/// A clock that is further off than this makes stamps hard to read, though no decision depends on it.
const MAX_CLOCK_DIFFERENCE_SECS: i64 = 300;

/// Returns the tables of a connection that mappings use, with what they do to them.
pub(super) fn tables(mappings: &[Mapping], connection: &ConnectionName) -> BTreeMap<TableName, Needs> {
    let mut tables: BTreeMap<TableName, Needs> = BTreeMap::new();
    let sides = mappings.iter().flat_map(|mapping| Side::BOTH.map(|side| (mapping, side)));
    for (mapping, side) in sides.filter(|(mapping, side)| mapping.connections[*side] == *connection) {
        let needs = tables.entry(mapping.tables[side].clone()).or_default();
        *needs = needs.and(self::needs(mapping, side));
    }
    tables
}

fn needs(mapping: &Mapping, side: Side) -> Needs {
    let is_written = |field: &&Field| field.direction.flows_to(side) || mapping.may_create(side);
    Needs {
        create: mapping.may_create(side),
        update: mapping.fields.iter().any(|field| field.direction.flows_to(side)),
        delete: mapping.may_delete(),
        refer: mapping.fields.iter().filter(is_written).any(Field::is_lookup),
    }
}

/// Returns the check at which the first contact failed.
pub(super) const fn failed_check(error: &SystemError) -> Check {
    match error {
        SystemError::Configuration { .. } => Check::Configuration,
        SystemError::SignIn { .. } => Check::SignIn,
        SystemError::Unreachable { .. }
        | SystemError::Unavailable { .. }
        | SystemError::DayUsedUp { .. }
        | SystemError::Throttled { .. } => Check::Reach,
        SystemError::Forbidden { .. }
        | SystemError::NotFound { .. }
        | SystemError::WatermarkExpired { .. }
        | SystemError::Restored { .. }
        | SystemError::BadRequest { .. }
        | SystemError::UnexpectedAnswer { .. } => Check::Identity,
    }
}

/// Says of a first contact that failed what was tried, and what to do.
pub(super) fn failed(address: &str, error: &SystemError) -> Finding {
    let mut finding = Finding::refused(failed_check(error), error);
    if matches!(error, SystemError::Unreachable { .. }) {
        finding.found = format!("{} (tried {})", finding.found, place(address));
        finding.remedy = Some(
            "check name and port of the address, the network and firewall of this machine and, where it goes through \
             a proxy, HTTPS_PROXY and NO_PROXY"
                .to_owned(),
        );
    }
    finding
}

/// Says which host and port an address leads to. A proxy is named by its variable alone: its address may hold a password.
pub(super) fn place(address: &str) -> String {
    let Ok(url) = Url::parse(address) else { return address.to_owned() };
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    let variables = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let is_set = |name: &&&str| env::var_os(name).is_some_and(|text| !text.is_empty());
    match variables.iter().find(is_set).filter(|_| !is_here) {
        Some(variable) => {
            format!("{host}, port {port}, by the proxy of {variable} unless NO_PROXY excepts it")
        }
        None => format!("{host}, port {port}"),
    }
}

/// Says who signs in by the way of signing in, where the system does not tell.
pub(super) fn user(sign_in: &SignIn) -> Option<Finding> {
    let person = |found: String| {
        let remedy = "sign in as an application: a person's password, licence or leaving would stop Tandem";
        Some(Finding::bad(Check::User, Verdict::Warning, found, remedy))
    };
    match sign_in {
        SignIn::ClientSecret { client_id, .. } | SignIn::Certificate { client_id, .. } => {
            Some(Finding::good(Check::User, format!("signed in as the application {client_id}")))
        }
        SignIn::DeviceCode { .. } => person("signed in as a person, by a device code".to_owned()),
        SignIn::Browser { .. } => person("signed in as a person, by the browser".to_owned()),
        SignIn::Basic { user, .. } => Some(Finding::not_told(
            Check::User,
            format!("signed in as the user {user}; make sure that it is Tandem's alone and no person's"),
        )),
        SignIn::Command { .. } => None,
    }
}

/// Compares a system's clock with this machine's.
pub(super) fn clock(server: Option<Timestamp>, now: Timestamp) -> Finding {
    let Some(server) = server else {
        return Finding::not_told(Check::Clock, "the system does not tell its time");
    };
    let difference = server.as_second() - now.as_second();
    let found = match difference {
        0 => "the clocks agree".to_owned(),
        1.. => format!("the system's clock is {difference} s ahead"),
        _ => format!("the system's clock is {} s behind", -difference),
    };
    if difference.abs() <= MAX_CLOCK_DIFFERENCE_SECS {
        return Finding::good(Check::Clock, found);
    }
    Finding::bad(
        Check::Clock,
        Verdict::Warning,
        found,
        "set this machine's clock; sign-ins may fail otherwise",
    )
}

/// Says what a connection's base currency is, and whether those it is mapped to have the same one: amounts would be wrong
/// between different ones. `told` holds the connections that were asked.
pub(super) fn currencies(
    mappings: &[Mapping],
    told: &BTreeMap<ConnectionName, Option<String>>,
    other: OtherBaseCurrency,
) -> Vec<Finding> {
    groups(mappings, told.keys()).iter().map(|group| currency(group, told, other)).collect()
}

fn currency(
    group: &BTreeSet<ConnectionName>,
    told: &BTreeMap<ConnectionName, Option<String>>,
    other: OtherBaseCurrency,
) -> Finding {
    let check = Check::Currency;
    let code = |name: &ConnectionName| told.get(name)?.as_ref().map(|code| code.to_uppercase());
    let each = |names: Vec<&ConnectionName>| {
        names.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
    };
    let silent: Vec<&ConnectionName> = group.iter().filter(|name| code(name).is_none()).collect();
    let distinct: BTreeSet<String> = group.iter().filter_map(code).collect();
    let distinct: Vec<String> = distinct.into_iter().collect();
    match distinct.as_slice() {
        [] => Finding::not_told(check, format!("{} does not tell the base currency", each(silent))),
        [one] if silent.is_empty() => Finding::good(check, format!("the base currency is {one}")),
        [one] => Finding::not_told(
            check,
            format!(
                "the base currency is {one}; {} does not tell: make sure that it has the same",
                each(silent)
            ),
        ),
        _ => {
            let each: Vec<String> =
                group.iter().filter_map(|name| Some(format!("{} in {name}", code(name)?))).collect();
            let differ = format!("base currencies differ: {}", each.join(", "));
            match other {
                OtherBaseCurrency::Convert => {
                    Finding::good(check, format!("{differ}; exchange rates are converted"))
                }
                OtherBaseCurrency::Refuse => Finding::bad(
                    check,
                    Verdict::Wrong,
                    differ,
                    "connect companies with the organisation's base currency, which is fixed when the organisation is made; or set \
                     `other_base_currency = \"convert\"` in tandem.toml",
                ),
            }
        }
    }
}

/// Returns the connections in groups that mappings join.
fn groups<'a>(
    mappings: &[Mapping],
    connections: impl Iterator<Item = &'a ConnectionName>,
) -> Vec<BTreeSet<ConnectionName>> {
    let mut groups: Vec<BTreeSet<ConnectionName>> =
        connections.map(|name| BTreeSet::from([name.clone()])).collect();
    for mapping in mappings {
        let (joined, apart): (Vec<_>, Vec<_>) = groups
            .into_iter()
            .partition(|group| Side::BOTH.iter().any(|side| group.contains(&mapping.connections[*side])));
        groups = apart;
        groups.extend(
            Some(joined.into_iter().flatten().collect()).filter(|group: &BTreeSet<_>| !group.is_empty()),
        );
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Pair;

    fn mapping(name: &str, left: &str, right: &str) -> Mapping {
        let text = crate::mapping::standard(name).unwrap();
        crate::mapping::parse(name, text, &Pair::new(left.into(), right.into())).unwrap()
    }

    #[test]
    fn base_currencies_have_to_agree_where_rows_flow() {
        let check = |mappings: &[Mapping], codes: &[(&str, &str)]| {
            let code = |code: &str| (!code.is_empty()).then(|| code.to_owned());
            let told = codes.iter().map(|(name, text)| (ConnectionName::new(*name), code(text))).collect();
            let found = currencies(mappings, &told, OtherBaseCurrency::Refuse);
            found.into_iter().map(|finding| (finding.verdict, finding.found)).collect::<Vec<_>>()
        };
        let joined = [mapping("CUSTOMER", "erp", "crm")];
        assert_eq!(check(&joined, &[]), []);
        let good = (Verdict::Good, "the base currency is EUR".to_owned());
        assert_eq!(check(&joined, &[("crm", "eur"), ("erp", "EUR")]), std::slice::from_ref(&good));
        let differ = (Verdict::Wrong, "base currencies differ: USD in crm, EUR in erp".to_owned());
        assert_eq!(check(&joined, &[("crm", "USD"), ("erp", "EUR")]), [differ]);
        let told = [("crm", "USD"), ("erp", "EUR")].map(|(name, code)| (name.into(), Some(code.to_owned())));
        let converted = &currencies(&joined, &told.into(), OtherBaseCurrency::Convert)[0];
        assert_eq!(converted.verdict, Verdict::Good);
        assert!(
            converted.found.ends_with("USD in crm, EUR in erp; exchange rates are converted"),
            "{}",
            converted.found
        );
        let found = check(&joined, &[("crm", ""), ("erp", "EUR")]);
        assert!(found[0].0 == Verdict::NotTold && found[0].1.contains("crm does not tell"), "{found:?}");
        let usd = (Verdict::Good, "the base currency is USD".to_owned());
        assert_eq!(check(&[], &[("crm", "USD"), ("erp", "EUR")]), [usd, good], "nothing flows between them");
        let two = [mapping("CUSTOMER", "erp", "crm"), mapping("VENDOR", "second", "crm")];
        let found = check(&two, &[("crm", "EUR"), ("erp", "EUR"), ("second", "DKK")]);
        assert_eq!(found[0].1, "base currencies differ: EUR in crm, EUR in erp, DKK in second");
    }

    #[test]
    fn what_mappings_do_to_a_table_is_put_together() {
        let needs = |mappings: &[Mapping], connection: &str| tables(mappings, &connection.into());
        let mappings = [mapping("CUSTOMER", "erp", "crm"), mapping("CURRENCY", "erp", "crm")];
        let crm = needs(&mappings, "crm");
        assert!(crm[&TableName::new("accounts")].update && crm[&TableName::new("accounts")].refer);
        let erp = needs(&mappings[1..], "erp");
        assert!(erp.values().all(|needs| !needs.update), "{erp:?}");
    }

    #[test]
    fn a_clock_that_is_far_off_is_warned_of() {
        let now: Timestamp = "2026-01-31T10:00:00Z".parse().unwrap();
        let check = |text: &str| clock(Some(text.parse().unwrap()), now);
        assert_eq!(check("2026-01-31T10:00:00Z").found, "the clocks agree");
        assert_eq!(check("2026-01-31T10:05:00Z").verdict, Verdict::Good);
        let found = check("2026-01-31T09:54:59Z");
        assert_eq!(
            (found.verdict, found.found.as_str()),
            (Verdict::Warning, "the system's clock is 301 s behind")
        );
        assert_eq!(clock(None, now).verdict, Verdict::NotTold);
    }

    #[test]
    fn a_persons_sign_in_is_warned_of() {
        let check = |text: &str| user(&toml::from_str(text).unwrap()).map(|finding| finding.verdict);
        let person = "tenant = \"t\"\nclient_id = \"c\"";
        assert_eq!(check(&format!("kind = \"browser\"\n{person}")), Some(Verdict::Warning));
        assert_eq!(check(&format!("kind = \"device-code\"\n{person}")), Some(Verdict::Warning));
        let secret = format!("kind = \"client-secret\"\nclient_secret = \"env:S\"\n{person}");
        assert_eq!(check(&secret), Some(Verdict::Good));
        assert_eq!(
            check("kind = \"basic\"\nuser = \"SYNC\"\nweb_service_key = \"env:S\""),
            Some(Verdict::NotTold)
        );
        assert_eq!(check("kind = \"command\"\ncommand = \"x\""), None);
    }

    #[test]
    fn what_was_tried_is_named_where_nobody_answers() {
        let error = SystemError::Unreachable { connection: "erp".into(), detail: "refused".to_owned() };
        let finding = failed("https://erp.example:7048/BC", &error);
        assert!(
            finding.check == Check::Reach && finding.found.contains("erp.example, port 7048"),
            "{finding:?}"
        );
        assert!(finding.remedy.unwrap().contains("HTTPS_PROXY"));
    }
}
