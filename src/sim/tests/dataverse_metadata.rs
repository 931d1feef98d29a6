//! Dataverse: metadata made and changed, and what the organisation says of itself.

use serde_json::{Value, json};

use super::dataverse::{ACME, get, patch, send};
use super::{code, empty, northwind, request, texts};
use crate::sim::data::World;

const ACCOUNT: &str = "EntityDefinitions(LogicalName='account')";

fn label(text: &str) -> Value {
    json!({"LocalizedLabels": [{"Label": text, "LanguageCode": 1033}]})
}

fn text_column(name: &str, max: usize) -> Value {
    json!({"@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata", "SchemaName": name, "MaxLength": max, "DisplayName": label(name)})
}

fn post(world: &mut World, path: &str, body: &Value) -> String {
    let reply = send(world, "POST", path, &[], body);
    assert_eq!(reply.status, 204, "{path}: {}", reply.to_json());
    reply.header("OData-EntityId").unwrap_or_default().to_owned()
}

fn key_status(world: &mut World) -> String {
    let keys = get(world, &format!("{ACCOUNT}/Keys?$filter=SchemaName eq 'tnd_ExternalKey'")).to_json();
    keys["value"][0]["EntityKeyIndexStatus"].as_str().unwrap().to_owned()
}

#[test]
fn a_column_and_a_key_over_it_are_made_and_used_once_the_index_is_active() {
    let mut world = northwind();
    let id = post(&mut world, &format!("{ACCOUNT}/Attributes"), &text_column("tnd_ExternalId", 10));
    assert!(id.contains("/Attributes("), "{id}");
    let again =
        send(&mut world, "POST", &format!("{ACCOUNT}/Attributes"), &[], &text_column("tnd_ExternalId", 10));
    assert_eq!(code(&again), (400, "0x80047013".to_owned()));
    let alfki = "accounts(accountnumber='ALFKI')";
    let long = patch(&mut world, alfki, &[], &json!({"tnd_externalid": "12345678901"}));
    assert_eq!(code(&long), (400, "0x80044331".to_owned()));
    assert_eq!(patch(&mut world, alfki, &[], &json!({"tnd_externalid": "E-1"})).status, 204);
    let key = json!({"SchemaName": "tnd_ExternalKey", "KeyAttributes": ["tnd_externalid"], "DisplayName": label("Key")});
    post(&mut world, &format!("{ACCOUNT}/Keys"), &key);
    let by_key = "accounts(tnd_externalid='E-1')?$select=accountnumber";
    assert_eq!(code(&get(&mut world, by_key)), (400, "0x80060890".to_owned()));
    let steps = [key_status(&mut world), key_status(&mut world), key_status(&mut world)];
    assert_eq!(steps, ["Pending", "InProgress", "Active"]);
    assert_eq!(get(&mut world, by_key).to_json()["accountnumber"], "ALFKI");
    let twin = patch(&mut world, "accounts(accountnumber='ANTON')", &[], &json!({"tnd_externalid": "e-1"}));
    assert_eq!(code(&twin), (412, "0x80060892".to_owned()));
}

#[test]
fn a_key_can_have_several_columns_and_fails_where_rows_are_equal() {
    let mut world = northwind();
    let key = |columns: &[&str]| json!({"SchemaName": "tnd_ExternalKey", "KeyAttributes": columns});
    post(&mut world, &format!("{ACCOUNT}/Keys"), &key(&["name", "customertypecode"]));
    key_status(&mut world);
    key_status(&mut world);
    assert_eq!(key_status(&mut world), "Failed");
    let keys = get(&mut world, &format!("{ACCOUNT}/Keys?$filter=SchemaName eq 'tnd_ExternalKey'")).to_json();
    let id = keys["value"][0]["MetadataId"].as_str().unwrap().to_owned();
    assert_eq!(send(&mut world, "DELETE", &format!("{ACCOUNT}/Keys({id})"), &[], &Value::Null).status, 204);
    post(&mut world, &format!("{ACCOUNT}/Keys"), &key(&["accountnumber", "customertypecode"]));
    for _ in 0..3 {
        key_status(&mut world);
    }
    let row = get(&mut world, "accounts(accountnumber='ALFKI',customertypecode=3)?$select=name");
    assert_eq!(row.status, 200, "{}", row.to_json());
    let made =
        patch(&mut world, "accounts(accountnumber='NEW',customertypecode=3)", &[], &json!({"name": "x"}));
    assert_eq!(made.status, 204);
    let row = get(&mut world, "accounts?$filter=accountnumber eq 'NEW'").to_json();
    assert_eq!(row["value"][0]["customertypecode"], 3);
    let wrong = send(&mut world, "POST", &format!("{ACCOUNT}/Keys"), &[], &key(&["description"]));
    assert_eq!(wrong.status, 400);
}

#[test]
fn options_are_added_renamed_and_removed() {
    let mut world = northwind();
    let column = json!({"EntityLogicalName": "account", "AttributeLogicalName": "paymenttermscode"});
    let action = |world: &mut World, name: &str, more: Value| {
        let mut body = column.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        send(world, "POST", name, &[], &body)
    };
    let added = action(&mut world, "InsertOptionValue", json!({"Label": label("14 DAYS")})).to_json();
    let value = added["NewOptionValue"].as_i64().unwrap();
    assert_eq!(value, 100_000_000);
    assert_eq!(
        action(&mut world, "InsertOptionValue", json!({"Value": value, "Label": label("x")})).status,
        400
    );
    let alfki = "accounts(accountnumber='ALFKI')";
    assert_eq!(patch(&mut world, alfki, &[], &json!({"paymenttermscode": value})).status, 204);
    let cast = format!(
        "{ACCOUNT}/Attributes(LogicalName='paymenttermscode')/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet($select=Options)"
    );
    let options =
        |world: &mut World| get(world, &cast).to_json()["OptionSet"]["Options"].as_array().unwrap().clone();
    assert_eq!(options(&mut world)[4]["Label"]["UserLocalizedLabel"]["Label"], "14 DAYS");
    assert_eq!(
        action(&mut world, "UpdateOptionValue", json!({"Value": value, "Label": label("14D")})).status,
        204
    );
    assert_eq!(options(&mut world)[4]["Label"]["UserLocalizedLabel"]["Label"], "14D");
    assert_eq!(action(&mut world, "DeleteOptionValue", json!({"Value": value})).status, 204);
    assert_eq!(options(&mut world).len(), 4);
    assert_eq!(code(&patch(&mut world, alfki, &[], &json!({"paymenttermscode": value}))).1, "0x8004431A");
}

#[test]
fn a_global_choice_is_shared_by_its_columns() {
    let mut world = empty();
    let choice = json!({"@odata.type": "Microsoft.Dynamics.CRM.OptionSetMetadata", "Name": "tnd_colours", "Options": [{"Value": 1, "Label": label("Red")}]});
    let id = post(&mut world, "GlobalOptionSetDefinitions", &choice);
    let id = id.rsplit_once('/').unwrap().1;
    let column = |kind: &str, name: &str| json!({"@odata.type": format!("Microsoft.Dynamics.CRM.{kind}AttributeMetadata"), "SchemaName": name, "GlobalOptionSet@odata.bind": format!("/{id}")});
    post(&mut world, &format!("{ACCOUNT}/Attributes"), &column("Picklist", "tnd_Colour"));
    post(&mut world, &format!("{ACCOUNT}/Attributes"), &column("MultiSelectPicklist", "tnd_Colours"));
    let added = json!({"OptionSetName": "tnd_colours", "Value": 2, "Label": label("Blue")});
    assert_eq!(send(&mut world, "POST", "InsertOptionValue", &[], &added).status, 200);
    let body = json!({"accountid": ACME, "tnd_colour": 2, "tnd_colours": "2, 1"});
    assert_eq!(send(&mut world, "POST", "accounts", &[], &body).status, 204);
    let prefer = ["Prefer: odata.include-annotations=\"OData.Community.Display.V1.FormattedValue\""];
    let row =
        send(&mut world, "GET", &format!("accounts({ACME})?$select=tnd_colours"), &prefer, &Value::Null)
            .to_json();
    assert_eq!(row["tnd_colours"], "2,1");
    assert_eq!(row["tnd_colours@OData.Community.Display.V1.FormattedValue"], "Blue; Red");
    assert_eq!(
        send(&mut world, "PATCH", &format!("accounts({ACME})"), &[], &json!({"tnd_colours": "3"})).status,
        400
    );
    let read = get(&mut world, "GlobalOptionSetDefinitions(Name='tnd_colours')").to_json();
    assert_eq!(read["Options"].as_array().unwrap().len(), 2);
}

#[test]
fn a_table_with_a_lookup_is_made_and_its_tracking_enabled() {
    let mut world = northwind();
    let mut name = text_column("tnd_Name", 100);
    name["IsPrimaryName"] = json!(true);
    let table = json!({"@odata.type": "Microsoft.Dynamics.CRM.EntityMetadata", "SchemaName": "tnd_Widget", "DisplayName": label("Widget"), "OwnershipType": "UserOwned", "Attributes": [name]});
    post(&mut world, "EntityDefinitions", &table);
    let relationship = json!({
        "@odata.type": "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata", "SchemaName": "tnd_account_widgets",
        "ReferencedEntity": "account", "ReferencedAttribute": "accountid", "ReferencingEntity": "tnd_widget",
        "CascadeConfiguration": {"Delete": "Restrict"},
        "Lookup": {"@odata.type": "Microsoft.Dynamics.CRM.LookupAttributeMetadata", "SchemaName": "tnd_AccountId"},
    });
    post(&mut world, "RelationshipDefinitions", &relationship);
    let read = get(&mut world, "RelationshipDefinitions(SchemaName='tnd_account_widgets')").to_json();
    assert_eq!(read["ReferencingEntityNavigationPropertyName"], "tnd_AccountId");
    let row = json!({"tnd_widgetid": ACME, "tnd_name": "W", "tnd_AccountId@odata.bind": "/accounts(accountnumber='ALFKI')"});
    assert_eq!(send(&mut world, "POST", "tnd_widgets", &[], &row).status, 204);
    let widgets = get(&mut world, "accounts(accountnumber='ALFKI')/tnd_account_widgets?$select=tnd_name");
    assert_eq!(texts(&widgets, "tnd_name"), ["W"]);
    let kept = send(&mut world, "DELETE", "accounts(accountnumber='ALFKI')", &[], &Value::Null);
    assert_eq!(code(&kept), (405, "0x80040227".to_owned()));
    let tracked = ["Prefer: odata.track-changes"];
    assert_eq!(send(&mut world, "GET", "tnd_widgets", &tracked, &Value::Null).status, 400);
    let mut definition = get(&mut world, "EntityDefinitions(LogicalName='tnd_widget')").to_json();
    definition["ChangeTrackingEnabled"] = json!(true);
    let path = format!("EntityDefinitions({})", definition["MetadataId"].as_str().unwrap());
    assert_eq!(send(&mut world, "PUT", &path, &["MSCRM.MergeLabels: true"], &definition).status, 204);
    assert_eq!(send(&mut world, "GET", "tnd_widgets", &tracked, &Value::Null).status, 400);
    let publish = json!({"ParameterXml": "<importexportxml><entities><entity>tnd_widget</entity></entities></importexportxml>"});
    assert_eq!(send(&mut world, "POST", "PublishXml", &[], &publish).status, 204);
    assert_eq!(send(&mut world, "GET", "tnd_widgets", &tracked, &Value::Null).status, 200);
    definition["ChangeTrackingEnabled"] = json!(false);
    assert_eq!(send(&mut world, "PUT", &path, &[], &definition).status, 400);
}

#[test]
fn facets_need_a_cast_and_navigations_an_expansion() {
    let mut world = empty();
    let without = get(&mut world, &format!("{ACCOUNT}/Attributes?$select=LogicalName,MaxLength"));
    assert_eq!(code(&without), (400, "0x0".to_owned()));
    let cast = get(&mut world, &format!("{ACCOUNT}/Attributes/Microsoft.Dynamics.CRM.StringAttributeMetadata?$select=LogicalName,MaxLength")).to_json();
    assert_eq!(cast["value"][0]["MaxLength"], 160);
    let picklist = format!("{ACCOUNT}/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata");
    assert_eq!(get(&mut world, &picklist).to_json()["value"][0].get("OptionSet"), None);
    assert_eq!(
        get(&mut world, &format!("{ACCOUNT}/Attributes/Microsoft.Dynamics.CRM.EnumAttributeMetadata")).status,
        404
    );
    let user_owned = get(
        &mut world,
        "EntityDefinitions?$select=LogicalName&$filter=OwnershipType eq Microsoft.Dynamics.CRM.OwnershipTypes'UserOwned' and CanChangeTrackingBeEnabled/Value eq true",
    );
    assert!(texts(&user_owned, "LogicalName").contains(&"contact".to_owned()));
    let expanded = get(&mut world, &format!("{ACCOUNT}?$select=LogicalName&$expand=Keys($select=KeyAttributes,EntityKeyIndexStatus),ManyToOneRelationships($select=ReferencedEntity;$filter=ReferencingAttribute eq 'ownerid')")).to_json();
    assert_eq!(expanded["Keys"][0]["EntityKeyIndexStatus"], "Active");
    assert_eq!(expanded["ManyToOneRelationships"].as_array().unwrap().len(), 2);
    assert_eq!(expanded.get("Attributes"), None);
}

#[test]
fn the_organisation_describes_itself() {
    let mut world = northwind();
    let asked =
        "RetrieveCurrentOrganization(AccessType=@p)?@p=Microsoft.Dynamics.CRM.EndpointAccessType'Default'";
    let detail = get(&mut world, asked).to_json()["Detail"].clone();
    assert_eq!((&detail["State"], &detail["UrlName"]), (&json!("Enabled"), &json!("northwind")));
    assert_eq!(detail["Endpoints"]["Keys"].as_array().unwrap().len(), 3);
    assert_eq!(get(&mut world, "RetrieveCurrentOrganization()").status, 400);
    let counts =
        get(&mut world, "RetrieveTotalRecordCount(EntityNames=@p)?@p=[\"account\",\"product\"]").to_json();
    let collection = &counts["EntityRecordCountCollection"];
    let accounts = String::from_utf8(get(&mut world, "accounts/$count").body).unwrap();
    assert_eq!(
        (collection["Keys"][0].as_str(), collection["Values"][0].to_string()),
        (Some("account"), accounts)
    );
    assert_eq!(get(&mut world, "RetrieveTotalRecordCount(EntityNames=@p)?@p=[\"nothing\"]").status, 404);
    for path in ["WhoAmI", "WhoAmI()"] {
        let reply = get(&mut world, path);
        assert_eq!(reply.header("x-ms-dop-hint"), Some("4"));
        assert_eq!(reply.to_json()["OrganizationId"], detail["OrganizationId"]);
    }
    let root = "/api/discovery/v2.0/Instances";
    let id = detail["OrganizationId"].as_str().unwrap();
    for (target, status) in [
        (format!("{root}({id})"), 200),
        (format!("{root}(UniqueName='unqnorthwind')"), 200),
        (format!("{root}(UniqueName='other')"), 404),
    ] {
        let reply = world.dataverse.answer(&request("GET", &target, &[], ""), &mut Vec::new());
        assert_eq!(reply.status, status, "{target}");
        if status == 200 {
            let body = reply.to_json();
            assert_eq!(
                (&body["TenantId"], &body["EnvironmentId"]),
                (&detail["TenantId"], &detail["EnvironmentId"])
            );
        }
    }
    let filtered = format!("{root}?$select=UrlName&$filter=UrlName eq 'other'");
    let none = world.dataverse.answer(&request("GET", &filtered, &[], ""), &mut Vec::new()).to_json();
    assert_eq!(none["value"], json!([]));
}

#[test]
fn the_version_of_the_metadata_moves_with_it() {
    let mut world = empty();
    let prefer = ["Prefer: odata.include-annotations=\"*\""];
    let version = |world: &mut World| {
        let reply = send(world, "GET", "organizations?$select=name", &prefer, &Value::Null).to_json();
        reply["@Microsoft.Dynamics.CRM.globalmetadataversion"].as_str().unwrap().to_owned()
    };
    let before = version(&mut world);
    assert_eq!(version(&mut world), before);
    let name = json!({"@odata.type": "Microsoft.Dynamics.CRM.ComplexStringAttributeMetadata", "SchemaName": "tnd_Name", "IsPrimaryName": true});
    let tables = json!({"Entities": [{"SchemaName": "tnd_Gadget", "OwnershipType": "UserOwned", "Attributes": [name]}]});
    post(&mut world, "CreateEntities", &tables);
    assert_ne!(version(&mut world), before);
    assert_eq!(get(&mut world, "tnd_gadgets/$count").body, b"0");
}
