//! What project files say, and how mistakes in them are told.

use super::*;
use crate::mapping::definition::{Direction, Drift, Mapping, Policy};
use crate::mapping::{Schedule, dependency_order};
use crate::model::Value;

const GOOD: &str = r#"name = "P2C"
source = "erp"
dataverse = "crm"
destination = "web"
company = "USMF"

[[task]]
name = "accounts"
key = ["number"]
label = "name"

[task.source]
table = "CustomersV3"
filter = "Party eq 'Organization'"

[task.dataverse]
table = "accounts"
filter = "statecode eq 0"
new_row = { customertypecode = 3 }

[task.destination]
table = "Customers"

[[task.field]]
id = "number"
source = "CustomerAccount"
dataverse = "accountnumber"
destination = "No"
type = "code"

[[task.field]]
id = "name"
source = "Name"
dataverse = "name"

[[task.field]]
id = "origin"
source_value = "ERP"
dataverse = "description"
destination = "Origin"
create_only = true

[[task]]
name = "contacts"
key = ["number"]

[task.source]
table = "Contacts"
company = false

[task.dataverse]
table = "contacts"

[[task.field]]
id = "number"
source = "ContactPersonId"
dataverse = "tnd_number"

[[task.field]]
id = "account"
source = "Customer"
dataverse = "parentcustomerid"
type = "lookup"
lookup = "accounts"
"#;

fn read(text: &str) -> Result<Project, MappingError> {
    parse_project("p.toml", text, |name| name == "erp" || name == "web")
}

fn error(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    read(&GOOD.replacen(from, to, 1)).unwrap_err().to_string()
}

fn named<'a>(project: &'a Project, name: &str) -> &'a Mapping {
    project.mappings().find(|mapping| mapping.name.as_str() == name).unwrap()
}

#[test]
fn each_task_is_a_mapping_for_each_way_it_goes_in_order() {
    let project = read(GOOD).unwrap();
    let names: Vec<_> = project.mapping_names().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["P2C/accounts", "P2C/accounts/out", "P2C/contacts"]);
    assert_eq!((project.name.as_str(), project.schedule), ("P2C", Schedule::OnDemand));
    let mappings: Vec<_> = project.mappings().cloned().collect();
    assert_eq!(dependency_order(&mappings), Ok(vec![0, 1, 2]));
    let (into, out) = (named(&project, "P2C/accounts"), named(&project, "P2C/accounts/out"));
    let place = |mapping: &Mapping| {
        Pair::from_fn(|side| format!("{} of {}", mapping.tables[side], mapping.connections[side]))
    };
    assert_eq!(place(into), Pair::new("CustomersV3 of erp".to_owned(), "accounts of crm".to_owned()));
    assert_eq!(place(out), Pair::new("accounts of crm".to_owned(), "Customers of web".to_owned()));
    // What the first way wrote is read again before the second.
    assert!(into.follows.is_empty() && out.follows == ["P2C/accounts".into()]);
    assert_eq!(named(&project, "P2C/contacts").follows, [], "its source is read anew whatever went before");
}

#[test]
fn rows_go_one_way_and_the_source_overwrites() {
    let project = read(GOOD).unwrap();
    for mapping in project.mappings() {
        assert_eq!(mapping.create, Pair::new(false, true));
        assert_eq!((mapping.drift, mapping.first_contact), (Drift::Revert, Policy::Take(Side::Left)));
        assert!(mapping.overwrites && !mapping.writes_both_ways());
        assert_eq!((&mapping.key, &mapping.match_by), (&vec!["number".into()], &vec![vec!["number".into()]]));
    }
    let directions =
        |name| named(&project, name).fields.iter().map(|field| field.direction).collect::<Vec<_>>();
    assert_eq!(directions("P2C/accounts"), [Direction::ToRight, Direction::ToRight, Direction::CreateOnly]);
    // The name has no column there, and the label is the key.
    assert_eq!(directions("P2C/accounts/out"), [Direction::ToRight, Direction::CreateOnly]);
    assert_eq!(named(&project, "P2C/accounts").label, "name".into());
    assert_eq!(named(&project, "P2C/accounts/out").label, "number".into());
}

#[test]
fn rows_of_other_companies_are_left_alone_and_new_ones_get_the_company() {
    let project = read(GOOD).unwrap();
    let filter = |name, side: Side| named(&project, name).filters[side].as_ref().map(ToString::to_string);
    let own = "(dataAreaId eq 'USMF' and Party eq 'Organization')";
    assert_eq!(filter("P2C/accounts", Side::Left).as_deref(), Some(own));
    assert_eq!(filter("P2C/accounts", Side::Right).as_deref(), Some("statecode eq 0"));
    assert_eq!(filter("P2C/accounts/out", Side::Right).as_deref(), Some("dataAreaId eq 'USMF'"));
    assert_eq!(filter("P2C/contacts", Side::Left), None, "these belong to no company");
    let columns = |name| {
        named(&project, name).new_row.right.iter().map(|(column, _)| column.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(columns("P2C/accounts"), ["customertypecode"]);
    assert_eq!(columns("P2C/accounts/out"), ["dataAreaId"]);
    assert_eq!(named(&project, "P2C/accounts/out").across_companies, Pair::new(false, true));
    let other = GOOD.replacen("company = \"USMF\"", "company = \"USMF\"\ncompany_column = \"Mandant\"", 1);
    let other = read(&other).unwrap();
    assert_eq!(named(&other, "P2C/accounts/out").new_row.right[0].0, "Mandant".into());
    let filled = GOOD.replacen("destination = \"Origin\"", "destination = \"dataAreaId\"", 1);
    assert_eq!(named(&read(&filled).unwrap(), "P2C/accounts/out").new_row.right, []);
    let own = "table = \"Customers\"\nnew_row = { dataAreaId = \"X\" }";
    let own = read(&GOOD.replacen("table = \"Customers\"", own, 1)).unwrap();
    assert_eq!(named(&own, "P2C/accounts/out").new_row.right, [("dataAreaId".into(), Value::text("X"))]);
}

#[test]
fn a_lookup_points_through_the_task_on_the_same_way_or_through_any_mapping() {
    let project = read(GOOD).unwrap();
    let lookup =
        |project: &Project| named(project, "P2C/contacts").fields[1].lookup().unwrap().mappings.clone();
    assert_eq!(lookup(&project), ["P2C/accounts".into()]);
    let other = read(&GOOD.replacen("lookup = \"accounts\"", "lookup = \"CUSTOMER\"", 1)).unwrap();
    assert_eq!(lookup(&other), ["CUSTOMER".into()]);
}

#[test]
fn a_project_has_the_times_of_mapping_files() {
    let with =
        |every: &str| read(&GOOD.replacen("company = ", &format!("every = \"{every}\"\ncompany = "), 1));
    let project = with("30 min").unwrap();
    assert_eq!(project.schedule.to_string(), "every 30m");
    assert!(project.mappings().all(|mapping| mapping.schedule == project.schedule));
    assert_eq!(with("look").unwrap().schedule, Schedule::EachLook);
    let found = with("often").unwrap_err().to_string();
    assert!(found.starts_with("p.toml, line 5, column 9: `every` is no time"), "{found}");
}

#[test]
fn mistakes_are_told_with_their_place_and_the_nearest_word() {
    for (from, to, expected) in [
        (
            "destination = \"web\"",
            "destnation = \"web\"",
            "p.toml, line 4, column 1: unknown field `destnation`",
        ),
        ("destination = \"web\"", "destnation = \"web\"", "; did you mean destination?"),
        (
            "destination = \"web\"",
            "",
            "task accounts has a `destination` table, but the project names no `destination`",
        ),
        ("filter = \"statecode eq 0\"", "filtr = \"statecode eq 0\"", "; did you mean filter?"),
        (
            "key = [\"number\"]\nlabel",
            "key = [\"nmuber\"]\nlabel",
            "p.toml, line 9, column 8: there is no field \"nmuber\"",
        ),
        ("key = [\"number\"]\nlabel", "key = [\"nmuber\"]\nlabel", "; did you mean number?"),
        ("key = [\"number\"]\nlabel", "key = []\nlabel", "p.toml, line 9, column 7: `key` is empty"),
        (
            "key = [\"number\"]\nlabel",
            "key = [\"name\"]\nlabel",
            "p.toml, line 32, column 6: field name lacks `destination`",
        ),
        ("label = \"name\"", "label = \"nmae\"", "; did you mean name?"),
        (
            "name = \"contacts\"",
            "name = \"accounts\"",
            "p.toml, line 44, column 8: there are two tasks named accounts",
        ),
        ("name = \"contacts\"", "name = \"a/b\"", "\"a/b\" is no name for a task"),
        ("name = \"P2C\"", "name = \"\"", "p.toml, line 1, column 8: \"\" is no name for a project"),
        ("'Organization'", "Organization'", "p.toml, line 14, column 10: the source filter does not parse: "),
        (
            "source = \"Name\"\n",
            "",
            "p.toml, line 32, column 6: field name lacks `source`: name the column of the source table",
        ),
        (
            "dataverse = \"name\"",
            "destination = \"Name\"",
            "p.toml, line 32, column 6: field name lacks `dataverse`: name the column of the dataverse table",
        ),
        (
            "dataverse = \"description\"\n",
            "dataverse = \"description\"\ndataverse_value = \"CRM\"\n",
            "field origin has both `dataverse` and `dataverse_value`",
        ),
        (
            "dataverse = \"tnd_number\"",
            "dataverse = \"tnd_number\"\ndestination = \"No\"",
            "p.toml, line 58, column 15: field number names a `destination` column, but the task has no [task.destination]",
        ),
        ("lookup = \"accounts\"", "lookup = [\"accounts\"]\nunresolved = \"rows\"", "; did you mean row?"),
        ("type = \"code\"", "type = \"cde\"", "; did you mean code?"),
        (
            "type = \"code\"",
            "dataverse_transform = [\"lower\"]",
            "but the field is written on the dataverse side; move it to `transform`",
        ),
        ("type = \"code\"", "type = \"code\"\ncreate_only = true", "field number of `key` is not compared"),
        ("company = \"USMF\"", "company = \" \"", "`company` is blank"),
    ] {
        let found = error(from, to);
        assert!(found.contains(expected), "{to}: {found}");
    }
    let none = parse_project("p.toml", GOOD, |_| false).unwrap_err().to_string();
    assert!(
        none.starts_with("p.toml, line 5, column 11: `company` is about connections of kind \"odata\""),
        "{none}"
    );
    let nowhere = GOOD.replacen("[task.source]\ntable = \"Contacts\"\ncompany = false\n", "", 1);
    let nowhere = read(&nowhere).unwrap_err().to_string();
    assert!(nowhere.contains("task contacts goes nowhere"), "{nowhere}");
}

#[test]
fn a_lookup_through_a_task_that_goes_another_way_is_a_mistake() {
    let out_only = GOOD
        .replacen("[task.source]\ntable = \"CustomersV3\"\nfilter = \"Party eq 'Organization'\"\n", "", 1)
        .replacen("source = \"CustomerAccount\"\n", "", 1)
        .replacen(
            "source = \"Name\"\ndataverse = \"name\"",
            "dataverse = \"name\"\ndestination = \"Name\"",
            1,
        )
        .replacen("source_value = \"ERP\"\ndataverse = \"description\"", "dataverse_value = \"CRM\"", 1);
    let found = read(&out_only).unwrap_err().to_string();
    let expected = "field account points to rows of task accounts, which has no way from source to dataverse";
    assert!(found.contains(expected), "{found}");
    let alone = out_only.replacen("type = \"lookup\"\nlookup = \"accounts\"", "", 1);
    let names: Vec<_> = read(&alone).unwrap().mapping_names().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["P2C/accounts/out", "P2C/contacts"], "a mapping keeps its name");
}

#[test]
fn left_and_right_are_said_in_the_words_of_the_file() {
    let way = WAYS[1];
    let error = MappingError::At {
        file: "f".to_owned(),
        line: 1,
        column: 1,
        problem: "the left side, `right_transform`, copyright and lefts".to_owned(),
    };
    let told = expand::in_own_words(error, way).to_string();
    assert_eq!(told, "f, line 1, column 1: the dataverse side, `destination_transform`, copyright and lefts");
}
