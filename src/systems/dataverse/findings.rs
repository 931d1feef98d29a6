//! What Dataverse's answers say about a connection. Asks nothing itself.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::http::Response;
use crate::model::{RowId, TableName};
use crate::systems::odata::Object;
use crate::systems::{Check, Finding, Needs, Verdict};

/// The role that may do everything, in every organisation under the same template and in English under this name.
const ADMINISTRATOR: &str = "System Administrator";
const ADMINISTRATOR_TEMPLATE: &str = "627090ff-40a3-4053-8790-584edc5be201";
/// Kinds of organisation by the platform's own numbers and names, as far as they are known.
const PRODUCTION: [&str; 2] = ["0", "Customer"];
const SANDBOX: [&str; 2] = ["5", "CustomerTest"];

/// Says what the organisation tells of itself.
pub fn organisation_findings(detail: Option<&Object>) -> Vec<Finding> {
    let Some(detail) = detail else {
        let found = "Dataverse does not tell its kind here; make sure by its address and name";
        return vec![Finding::not_told(Check::Environment, found), administration_mode(None)];
    };
    let name = text(detail, "FriendlyName").unwrap_or_default();
    let kind = detail
        .get("OrganizationType")
        .map(|kind| kind.as_str().map_or_else(|| kind.to_string(), str::to_owned));
    let environment = match kind.as_deref() {
        Some(kind) if PRODUCTION.contains(&kind) => {
            Finding::good(Check::Environment, format!("{name} is a PRODUCTION environment"))
        }
        Some(kind) if SANDBOX.contains(&kind) => {
            Finding::good(Check::Environment, format!("{name} is a sandbox"))
        }
        Some(kind) => Finding::good(Check::Environment, format!("{name} is an environment of kind {kind}")),
        None => Finding::not_told(
            Check::Environment,
            format!("{name}; Dataverse does not tell its kind here: make sure by its address and name"),
        ),
    };
    vec![environment, administration_mode(text(detail, "State").as_deref())]
}

/// Administration mode itself shows nowhere in the Web API; that it is off is inferred.
fn administration_mode(state: Option<&str>) -> Finding {
    let check = Check::AdministrationMode;
    match state {
        Some("Enabled") => Finding::not_told(
            check,
            "the organisation is enabled; Dataverse does not tell whether administration mode is on \
             (inferred: it lets no application in)",
        ),
        Some(state) => Finding::bad(
            check,
            Verdict::Refused,
            format!("the organisation's state is {state}"),
            "ask an administrator to enable the environment and to end administration mode",
        ),
        None => Finding::not_told(
            check,
            "Dataverse does not tell (inferred to be off: in that mode no application gets in)",
        ),
    }
}

/// Warns of a person and of the administrator.
pub fn user_finding(user: &Object, roles: Option<&[Json]>) -> Finding {
    let name = text(user, "fullname").unwrap_or_else(|| "a user without a name".to_owned());
    let is_person = user.get("applicationid").is_none_or(Json::is_null);
    let is_administrator = |role: &Json| {
        role.get("name").and_then(Json::as_str) == Some(ADMINISTRATOR)
            || id(role, "_roletemplateid_value") == Some(RowId::new(ADMINISTRATOR_TEMPLATE))
    };
    let warning = |found: String, remedy: &str| Finding::bad(Check::User, Verdict::Warning, found, remedy);
    match roles {
        Some(roles) if roles.iter().any(is_administrator) => warning(
            format!("signed in as {name}, who is {ADMINISTRATOR}"),
            "give Tandem's application user a role that may do only what the mappings need",
        ),
        _ if is_person => warning(
            format!("signed in as {name}, a person"),
            "sign in as an application user: a person's password, licence or leaving would stop Tandem",
        ),
        Some(_) => Finding::good(Check::User, format!("signed in as the application user {name}")),
        None => Finding::good(
            Check::User,
            format!("signed in as the application user {name}; its roles are not told"),
        ),
    }
}

/// Compares what mappings do to a table with what the user may. Neither is documented to be readable by every sign-in.
pub fn write_finding(
    table: &TableName,
    needs: Needs,
    needed: Option<&[Json]>,
    held: Option<&BTreeSet<RowId>>,
) -> Finding {
    let (Some(needed), Some(held)) = (needed, held) else { return needs.not_told(table) };
    if needs.is_only_to_read() {
        return Finding::good(Check::Write, format!("no mapping writes to {table}"));
    }
    let name = |privilege: &Json| privilege.get("Name").and_then(Json::as_str).map(str::to_owned);
    let is_missing = |privilege: &&Json| id(privilege, "PrivilegeId").is_none_or(|id| !held.contains(&id));
    let missing: Vec<String> =
        needed.iter().filter(is_missing).filter_map(name).filter(|name| is_needed(needs, name)).collect();
    if missing.is_empty() {
        return Finding::good(Check::Write, format!("may write {table} as its mappings need"));
    }
    Finding::bad(
        Check::Write,
        Verdict::Refused,
        format!("may not write {table} as its mappings need: {} is missing", missing.join(", ")),
        "give Tandem's application user a role with that privilege",
    )
}

/// Returns whether mappings need a privilege of a table, by its name (`prvCreateAccount`).
fn is_needed(needs: Needs, privilege: &str) -> bool {
    let starts = |start: &str| privilege.starts_with(start);
    (needs.create && starts("prvCreate"))
        || (needs.update && starts("prvWrite"))
        || (needs.delete && starts("prvDelete"))
        || (needs.refer && starts("prvAppend") && !starts("prvAppendTo"))
}

/// Says whether changes of a table are tracked, by its definition.
pub fn change_tracking(table: &TableName, definition: &Json) -> Finding {
    let check = Check::ChangeTracking;
    match definition.get("ChangeTrackingEnabled").and_then(Json::as_bool) {
        Some(true) => Finding::good(check, format!("change tracking of {table} is on")),
        Some(false) => Finding::bad(
            check,
            Verdict::Wrong,
            format!("change tracking of {table} is off"),
            "switch on `Track changes` in the table's properties, in Power Apps, and publish it",
        ),
        None => Finding::not_told(check, format!("whether change tracking of {table} is on is not told")),
    }
}

/// Says which limits an answer announces.
pub fn limits(who: &Response) -> Finding {
    let announced = [
        ("x-ms-dop-hint", "requests at once advised"),
        ("x-ms-ratelimit-burst-remaining-xrm-requests", "requests left in this window"),
    ];
    let announced: Vec<String> = announced
        .iter()
        .filter_map(|(header, meaning)| Some(format!("{} {meaning}", who.header(header)?)))
        .collect();
    let documented = "6000 requests in 5 minutes are documented";
    match announced.is_empty() {
        true => Finding::not_told(Check::Limits, format!("none announced; {documented}")),
        false => Finding::good(Check::Limits, format!("{}; {documented}", announced.join(", "))),
    }
}

/// Returns a text property.
pub fn text(object: &Object, name: &str) -> Option<String> {
    object.get(name)?.as_str().map(str::to_owned)
}

/// Returns a property that holds an id.
pub fn id(json: &Json, name: &str) -> Option<RowId> {
    json.get(name)?.as_str().map(RowId::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(json: &Json) -> Object {
        json.as_object().unwrap().clone()
    }

    #[test]
    fn persons_and_administrators_are_warned_of() {
        let check = |user: Json, roles: Option<Json>, verdict: Verdict, word: &str| {
            let roles = roles.map(|roles| roles.as_array().unwrap().clone());
            let finding = user_finding(&object(&user), roles.as_deref());
            assert!(finding.verdict == verdict && finding.found.contains(word), "{finding:?}");
        };
        let application = json!({"fullname": "# tandem", "applicationid": "1"});
        let person = json!({"fullname": "Ann", "applicationid": null});
        let plain = json!([{"name": "Tandem"}]);
        let named = json!([{"name": "Tandem"}, {"name": "System Administrator"}]);
        let translated =
            json!([{"name": "Systemadministrator", "_roletemplateid_value": ADMINISTRATOR_TEMPLATE}]);
        check(application.clone(), Some(plain.clone()), Verdict::Good, "application user # tandem");
        check(application.clone(), None, Verdict::Good, "roles are not told");
        check(application.clone(), Some(named), Verdict::Warning, "System Administrator");
        check(application, Some(translated), Verdict::Warning, "System Administrator");
        check(person, Some(plain), Verdict::Warning, "Ann, a person");
    }

    #[test]
    fn a_missing_write_privilege_is_named() {
        let privilege = |name: &str, id: &str| json!({"Name": name, "PrivilegeId": id});
        let needed = [
            privilege("prvReadAccount", "r"),
            privilege("prvCreateAccount", "c"),
            privilege("prvWriteAccount", "w"),
            privilege("prvDeleteAccount", "d"),
            privilege("prvAppendAccount", "a"),
            privilege("prvAppendToAccount", "t"),
        ];
        let both = Needs { create: true, update: true, ..Needs::default() };
        let check = |needs: Needs, held: &[&str]| {
            let held = held.iter().map(|id| RowId::new(*id)).collect();
            write_finding(&"accounts".into(), needs, Some(&needed), Some(&held))
        };
        assert_eq!(check(both, &["c", "w"]).verdict, Verdict::Good);
        let found = check(both, &["r", "c"]);
        assert!(found.found.ends_with("need: prvWriteAccount is missing"), "{found:?}");
        assert_eq!(found.verdict, Verdict::Refused);
        assert_eq!(check(Needs { delete: true, ..both }, &["c", "w"]).verdict, Verdict::Refused);
        assert_eq!(check(Needs { refer: true, ..both }, &["c", "w", "t"]).verdict, Verdict::Refused);
        assert_eq!(check(Needs { refer: true, ..both }, &["c", "w", "a"]).verdict, Verdict::Good);
        assert_eq!(check(Needs::default(), &[]).verdict, Verdict::Good, "nothing is written");
        assert_eq!(write_finding(&"accounts".into(), both, None, None).verdict, Verdict::NotTold);
    }

    #[test]
    fn a_production_environment_and_a_closed_one_are_named() {
        let check = |detail: Json| organisation_findings(Some(&object(&detail)));
        let found = check(json!({"FriendlyName": "Contoso", "State": "Enabled", "OrganizationType": 0}));
        assert_eq!(found[0].found, "Contoso is a PRODUCTION environment");
        assert_eq!(found[1].verdict, Verdict::NotTold);
        let found = check(
            json!({"FriendlyName": "Contoso", "State": "Disabled", "OrganizationType": "CustomerTest"}),
        );
        assert_eq!(found[0].found, "Contoso is a sandbox");
        assert_eq!(
            (found[1].verdict, found[1].found.as_str()),
            (Verdict::Refused, "the organisation's state is Disabled")
        );
        assert!(organisation_findings(None).iter().all(|finding| finding.verdict == Verdict::NotTold));
    }

    #[test]
    fn change_tracking_that_is_off_has_to_be_switched_on() {
        let verdict = |json| change_tracking(&"accounts".into(), &json).verdict;
        assert_eq!(verdict(json!({"ChangeTrackingEnabled": true})), Verdict::Good);
        assert_eq!(verdict(json!({"ChangeTrackingEnabled": false})), Verdict::Wrong);
        assert_eq!(verdict(json!({})), Verdict::NotTold);
    }
}
