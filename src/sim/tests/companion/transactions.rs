//! Transactions below both APIs: what is open, committed late, rolled back, or taken back as part of a batch.

use super::super::business_central as v2;
use super::*;

fn edit(world: &mut World, number: &str, city: &str) {
    let change = json!({"city": city}).as_object().unwrap().clone();
    world.business_central.edit_uncommitted("customers", number, &change).unwrap();
}

#[test]
fn what_is_open_is_not_shown_and_holds_the_feed_back_until_it_ends() {
    let mut world = installed();
    let (_, watermark) = feed(&mut world, "customers", 0);
    let (before, buried) =
        (row(&mut world, "customers", "number eq 'ALFKI'"), feed(&mut world, "deletedRows", 0).0);
    edit(&mut world, "ALFKI", "Bonn");
    edit(&mut world, "NEVER", "Bonn");
    assert_eq!(v2::customer(&mut world, "ALFKI")["city"], "Bonn", "API v2.0 reads what is not committed");
    assert_eq!(row(&mut world, "customers", "number eq 'ALFKI'"), before);
    assert_eq!(get(&mut world, "customers/$count").body, b"91");
    let other = row(&mut world, "customers", "number eq 'BONAP'");
    assert_eq!(patch(&mut world, "customers", &other, &json!({"city": "Lyon"})).status, 200);
    let (held, watermark) = feed(&mut world, "customers", watermark);
    assert_eq!(held, Vec::<Value>::new(), "the minimum stands at what is open");
    world.business_central.roll_back();
    let (changed, _) = feed(&mut world, "customers", watermark);
    assert_eq!(changed.iter().map(|row| &row["number"]).collect::<Vec<_>>(), [&json!("BONAP")]);
    assert_eq!(row(&mut world, "customers", "number eq 'ALFKI'"), before);
    assert_eq!(feed(&mut world, "deletedRows", 0).0, buried, "what never was leaves no tombstone");
    let mine = state(&mut world);
    assert_eq!(version(&mine, "minimumActiveRowVersion"), version(&mine, "lastUsedRowVersion") + 1);
}

#[test]
fn a_late_commit_surfaces_under_the_version_of_its_edit_and_the_feed_has_waited() {
    let mut world = installed();
    let (_, watermark) = feed(&mut world, "customers", 0);
    edit(&mut world, "ALFKI", "Bonn");
    edit(&mut world, "MADE", "Bonn");
    let other = row(&mut world, "customers", "number eq 'BONAP'");
    let newer = patch(&mut world, "customers", &other, &json!({"city": "Lyon"})).to_json();
    let (_, watermark) = feed(&mut world, "customers", watermark);
    world.business_central.commit();
    let (changed, _) = feed(&mut world, "customers", watermark);
    let numbers: Vec<_> = changed.iter().map(|row| row["number"].as_str().unwrap()).collect();
    assert_eq!(numbers, ["ALFKI", "MADE", "BONAP"]);
    assert!(changed[0]["rowVersion"].as_u64() < newer["rowVersion"].as_u64());
    let person = rows(&person(&mut world, "GET", "syncState", &Value::Null))[0]["currentUserId"].clone();
    assert_eq!((&changed[0]["systemModifiedBy"], &changed[1]["systemCreatedBy"]), (&person, &person));
    // What follows an insertion has followed.
    let relation = row(&mut world, "contactBusinessRelations", "number eq 'MADE'");
    assert_eq!(relation["linkToTable"], "Customer");
}

#[test]
fn a_commit_over_a_row_written_meanwhile_is_passed_by_no_feed() {
    let mut world = installed();
    edit(&mut world, "ALFKI", "Bonn");
    let alfki = row(&mut world, "customers", "number eq 'ALFKI'");
    let newer = patch(&mut world, "customers", &alfki, &json!({"city": "Köln"})).to_json();
    world.business_central.commit();
    let last = row(&mut world, "customers", "number eq 'ALFKI'");
    assert_eq!(last["city"], "Bonn");
    assert!(last["rowVersion"].as_u64() > newer["rowVersion"].as_u64());
}

#[test]
fn a_deletion_taken_back_with_its_batch_leaves_no_tombstone() {
    let mut world = installed();
    let company = world.business_central.company();
    let alfki = row(&mut world, "customers", "number eq 'ALFKI'");
    let path = format!("companies({company})/customers({})", alfki["id"].as_str().unwrap());
    let companion = root(&world).split("/companies").next().unwrap().to_owned();
    let standard = v2::root(&world).split("/companies").next().unwrap().to_owned();
    for api in [companion, standard] {
        let requests = json!({"requests": [
            {"id": "1", "method": "DELETE", "url": path, "headers": {"If-Match": "*"}},
            {"id": "2", "method": "DELETE", "url": format!("companies({company})"), "headers": {"If-Match": "*"}},
        ]});
        let headers = ["Accept: application/json", "Isolation: snapshot"];
        let batch = request("POST", &format!("{api}/$batch"), &headers, &requests.to_string());
        let reply = world.business_central.answer(&batch, &mut Vec::new()).to_json();
        assert_eq!(reply["responses"][0]["status"], 204, "{reply}");
        assert_eq!(reply["responses"][1]["status"], 405, "{reply}");
        assert_eq!(feed(&mut world, "deletedRows", 0).0, Vec::<Value>::new(), "{api}");
    }
    assert_eq!(row(&mut world, "customers", "number eq 'ALFKI'"), alfki);
    let relations = "contactBusinessRelations?$filter=number eq 'ALFKI'";
    assert_eq!(rows(&get(&mut world, relations)).len(), 1, "what went with the row is there again");
    assert_eq!(delete(&mut world, "customers", &alfki).status, 204);
    assert!(!feed(&mut world, "deletedRows", 0).0.is_empty());
}

#[test]
fn a_figure_that_stays_leaves_the_tag_of_its_view_alone() {
    let mut world = installed();
    let figures = "customerFinancialDetails?$filter=number eq 'ALFKI'";
    let first = v2::get(&mut world, figures).to_json();
    assert_eq!(first["value"].as_array().unwrap().len(), 1);
    assert_eq!(v2::get(&mut world, figures).to_json(), first);
}
