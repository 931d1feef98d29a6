//! A table that nobody shipped a mapping for, mapped by hand: with a row that points to one of its own table, a choice, several
//! choices, money and a date.

use std::fs;

use serde_json::{Value, json};
use tandem::sim::Options;

use crate::world::{At, World, sync, text};

fn label(text: &str) -> Value {
    json!({"LocalizedLabels": [{"Label": text, "LanguageCode": 1033}]})
}

/// Makes a table `tnd_NAME` whose choices have the numbers from `first` on.
async fn make_table(world: &World, name: &str, first: i64) {
    let table = format!("tnd_{name}");
    let column = |kind: &str, column: &str, more: Value| {
        let mut body = json!({"@odata.type": format!("Microsoft.Dynamics.CRM.{kind}AttributeMetadata"),
            "SchemaName": format!("tnd_{column}"), "DisplayName": label(column)});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let options = ["Office", "Factory", "Shop"].into_iter().zip(first..);
    let options: Vec<_> =
        options.map(|(text, value)| json!({"Value": value, "Label": label(text)})).collect();
    let options = json!({"OptionSet": {"Options": options}});
    let primary = column("String", "Name", json!({"MaxLength": 100, "IsPrimaryName": true}));
    let body = json!({"@odata.type": "Microsoft.Dynamics.CRM.EntityMetadata", "SchemaName": table, "DisplayName": label(name),
        "OwnershipType": "UserOwned", "ChangeTrackingEnabled": true, "Attributes": [primary]});
    world.create(At::Dataverse, "EntityDefinitions", body).await;
    for body in [
        column("Picklist", "Kind", options.clone()),
        column("MultiSelectPicklist", "Services", options),
        column("Money", "Budget", json!({"Precision": 2, "PrecisionSource": 0})),
        column(
            "DateTime",
            "Opened",
            json!({"DateTimeBehavior": {"Value": "DateOnly"}, "Format": "DateOnly"}),
        ),
    ] {
        world
            .create(At::Dataverse, &format!("EntityDefinitions(LogicalName='{table}')/Attributes"), body)
            .await;
    }
    let parent = json!({"@odata.type": "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata",
        "SchemaName": format!("{table}_parent"), "ReferencedEntity": table, "ReferencedAttribute": format!("{table}id"),
        "ReferencingEntity": table, "CascadeConfiguration": {"Delete": "RemoveLink"},
        "Lookup": {"@odata.type": "Microsoft.Dynamics.CRM.LookupAttributeMetadata", "SchemaName": "tnd_Parent"}});
    world.create(At::Dataverse, "RelationshipDefinitions", parent).await;
}

const SITES: &str = r#"
name = "SITES"
label = "name"
match_by = [["name"]]

[left]
connection = "dataverse"
table = "tnd_sites"
create = true

[right]
connection = "dataverse"
table = "tnd_places"
create = true

[[field]]
id = "name"
left = "tnd_name"
right = "tnd_name"
direction = "<->"

[[field]]
id = "parent"
left = "tnd_parent"
right = "tnd_parent"
direction = "<->"
type = "lookup"
lookup = "SITES"

[[field]]
id = "kind"
left = "tnd_kind"
right = "tnd_kind"
direction = "<->"
left_transform = [{ value_map = { 1 = "office", 2 = "factory", 3 = "shop" } }]
right_transform = [{ value_map = { 11 = "office", 12 = "factory", 13 = "shop" } }]

[[field]]
id = "services"
left = "tnd_services"
right = "tnd_services"
direction = "<->"
left_transform = [{ value_map = { "1" = "office", "1,3" = "office and shop" } }]
right_transform = [{ value_map = { "11" = "office", "11,13" = "office and shop" } }]

[[field]]
id = "budget"
left = "tnd_budget"
right = "tnd_budget"
direction = "<->"
type = "number"

[[field]]
id = "opened"
left = "tnd_opened"
right = "tnd_opened"
direction = "<->"
type = "date"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_of_ones_own_is_mapped_by_hand() {
    let world = World::start(Options::default()).await;
    make_table(&world, "site", 1).await;
    make_table(&world, "place", 11).await;
    fs::write(world.folder.path().join("mappings/SITES.toml"), SITES).unwrap();
    world.configure("tandem.toml", "poll_secs = 1", "mappings = [\"SITES\"]\npoll_secs = 1");
    let head = json!({"tnd_name": "Head office", "tnd_kind": 1, "tnd_services": "1,3", "tnd_budget": 1234.5, "tnd_opened": "2020-02-29"});
    world.create(At::Dataverse, "tnd_sites", head).await;
    let head = world.find(At::Dataverse, "tnd_sites", "tnd_name", "Head office").await;
    let bind = format!("/tnd_sites({})", text(&head, "tnd_siteid"));
    let branch = json!({"tnd_name": "Branch", "tnd_kind": 3, "tnd_Parent@odata.bind": bind});
    world.create(At::Dataverse, "tnd_sites", branch).await;
    let desk = world.desk();
    let report = sync(&desk).await;
    assert_eq!(report.failures, []);

    let place = world.find(At::Dataverse, "tnd_places", "tnd_name", "Head office").await;
    let told = [&place["tnd_kind"], &place["tnd_services"], &place["tnd_opened"]];
    assert_eq!(told, [&json!(11), &json!("11,13"), &json!("2020-02-29")]);
    assert_eq!(place["tnd_budget"].as_f64(), Some(1234.5));
    let branch = world.find(At::Dataverse, "tnd_places", "tnd_name", "Branch").await;
    assert_eq!(branch["_tnd_parent_value"], place["tnd_placeid"]);

    let change = json!({"tnd_kind": 12, "tnd_services": "11", "tnd_budget": 99.99, "tnd_opened": null});
    world.edit(At::Dataverse, "tnd_places", text(&branch, "tnd_placeid"), change).await;
    sync(&desk).await;
    let site = world.find(At::Dataverse, "tnd_sites", "tnd_name", "Branch").await;
    let told = [&site["tnd_kind"], &site["tnd_services"], &site["tnd_opened"]];
    assert_eq!(told, [&json!(2), &json!("1"), &Value::Null]);
    assert_eq!(site["tnd_budget"].as_f64(), Some(99.99));
    assert_eq!(sync(&desk).await.lines, []);
}
