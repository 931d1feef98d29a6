//! `tandem mapping`: what is told of mappings before anything is written.

use std::fs;

use serde_json::{Value, json};
use tandem::sim::Options;

use crate::command_line::tandem;
use crate::world::{At, World, text};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mappings_are_listed_and_shown() {
    let world = World::start(Options::default()).await;
    fs::remove_file(world.folder.path().join("mappings/CONTACT.toml")).unwrap();
    let (code, out, err) = tandem(&world, &["mapping", "list", "--json"]);
    assert_eq!(code, 0, "{err}");
    let listed: Vec<Value> = serde_json::from_str(&out).unwrap();
    let told = |name: &str| listed.iter().find(|mapping| mapping["mapping"] == name).unwrap();
    assert_eq!((&told("CUSTOMER")["used"], &told("CUSTOMER")["own"]), (&json!(true), &json!(true)));
    assert_eq!((&told("CONTACT")["used"], &told("CONTACT")["own"]), (&json!(false), &json!(false)));
    let (code, out, _) = tandem(&world, &["mapping", "show", "CONTACT"]);
    assert_eq!((code, out.trim_end()), (0, ::tandem::mapping::standard("CONTACT").unwrap().trim_end()));
    let (code, _, err) = tandem(&world, &["mapping", "show", "CONTCAT"]);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("no shipped mapping of that name"), "{err}");
}

/// I31: real values are held against both tables, and nothing is written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_would_go_wrong_is_told_before_anything_is_written() {
    let world = World::start(Options::default()).await;
    let before = world.world_state().await;
    let (code, out, err) = tandem(&world, &["mapping", "check"]);
    assert_eq!(code, 0, "{out}{err}");
    for name in ["CURRENCY", "CUSTOMER", "VENDOR", "ITEM-PRODUCT"] {
        assert!(out.contains(&format!("{name}: good (")), "{out}");
    }
    assert!(out.contains("  left out: fax: customers has no column faxNumber"), "{out}");
    assert!(out.contains("  left out: primary_contact: CONTACT is not among the mappings in use"), "{out}");

    // A name that the other side cannot keep, and a country that is none.
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    let account = world.find(At::Dataverse, "accounts", "name", text(&customer, "displayName")).await;
    let change = json!({"name": "x".repeat(120), "address1_country": "Atlantis"});
    world.edit(At::Dataverse, "accounts", text(&account, "accountid"), change).await;
    let country = "right = \"address1_country\"\ndirection = \"<->\"";
    world.configure(
        "mappings/CUSTOMER.toml",
        country,
        &format!("{country}\nright_transform = [\"country_name\"]"),
    );
    let (code, out, _) = tandem(&world, &["mapping", "check", "CUSTOMER"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.starts_with("CUSTOMER: can be used, but ("), "{out}");
    assert!(out.contains("field country of dataverse: \"Atlantis\" is no country's name"), "{out}");
    let change = json!({"address1_country": "Sweden"});
    world.edit(At::Dataverse, "accounts", text(&account, "accountid"), change).await;
    let (_, out, _) = tandem(&world, &["mapping", "check", "CUSTOMER"]);
    let too_long =
        "from dataverse in business-central: name has 120 characters; displayName holds at most 100 (2 rows)";
    assert!(out.contains("mappings/CUSTOMER.toml, line 33: ") && out.contains(too_long), "{out}");

    // A choice that has no such option, in the file and in real rows, a required column that nothing fills, and a filter that
    // the service cannot be asked.
    world.configure("mappings/ITEM-PRODUCT.toml", "producttypecode = 1,", "producttypecode = 9,");
    let field = "[[field]]\nid = \"way\"\nleft = \"unitPrice\"\nright = \"producttypecode\"\ndirection = \"->\"\ntype = \"number\"\n";
    let price = "# A product made in Dataverse brings";
    world.configure("mappings/ITEM-PRODUCT.toml", price, &format!("{field}\n{price}"));
    world.configure("mappings/ITEM-PRODUCT.toml", "blocked eq false", "not (blocked eq true)");
    let (code, out, _) = tandem(&world, &["mapping", "check", "ITEM-PRODUCT"]);
    assert_eq!(code, 0, "{out}");
    let file = "mappings/ITEM-PRODUCT.toml, line";
    for told in [
        "9 is no option of producttypecode; the options are 1 Sales Inventory, 2 ",
        "from business-central is no option of the choice in dataverse: add the option, or map the value (67 rows)",
        ": business-central cannot be asked for what the left filter takes",
    ] {
        let line = out.lines().find(|line| line.contains(told));
        assert!(line.is_some_and(|line| line.contains(file)), "{told}: {out}");
    }
    let name = "[[field]]\nid = \"name\"\nleft = \"displayName\"\nright = \"name\"\ndirection = \"<->\"\n";
    let none = "[[field]]\nid = \"name\"\nleft = \"displayName\"\nright = \"name\"\ndirection = \"match\"\n";
    world.configure("mappings/VENDOR.toml", name, none);
    let (_, out, _) = tandem(&world, &["mapping", "check", "VENDOR"]);
    let lacks =
        "a new row of vendors needs displayName, which no field and no `new_row` fills: map the column";
    assert!(out.contains(lacks), "{out}");
    world.configure("mappings/VENDOR.toml", none, name);

    let vendors = "filter = \"statecode eq 0 and customertypecode eq 11\"";
    world.configure("mappings/VENDOR.toml", vendors, "");
    let (code, out, _) = tandem(&world, &["mapping", "check", "VENDOR"]);
    assert_eq!(code, 0, "{out}");
    assert!(
        out.contains("CUSTOMER and VENDOR both write address1_city, ")
            && out.contains(" of accounts, on rows"),
        "{out}"
    );

    world.configure("mappings/VENDOR.toml", "right = \"telephone1\"", "right = \"telefone1\"");
    let (code, out, _) = tandem(&world, &["mapping", "check", "VENDOR"]);
    assert_eq!(code, 3, "{out}");
    assert!(out.starts_with("VENDOR: cannot be used (0 and 0 rows looked at)"), "{out}");
    assert!(out.contains("mappings/VENDOR.toml, line"), "{out}");
    assert!(out.contains("did you mean telephone1?"), "{out}");
    let (code, _, err) = tandem(&world, &["mapping", "check", "NOPE"]);
    assert_eq!(code, 2, "{err}");
    let change = json!({"name": text(&account, "name"), "address1_country": account["address1_country"]});
    world.edit(At::Dataverse, "accounts", text(&account, "accountid"), change).await;
    let ids = |state: Vec<(String, String)>| state.into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    assert_eq!(ids(world.world_state().await), ids(before));
}

/// A field that points to rows by a value which these do not have here is left out, or else wrong, with its place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_the_other_rows_do_not_have_is_told() {
    let world = World::start(Options::default()).await;
    let mappings = "mappings = [\"CURRENCY\", \"SALESPEOPLE\", \"CUSTOMER\"]\npoll_secs = 1";
    world.configure("tandem.toml", "poll_secs = 1", mappings);
    let alias = "[[field]]\nid = \"alias\"\nleft = \"alias\"\nright_value = \"\"\ndirection = \"match\"\noptional = true\n";
    let email = "[[field]]\nid = \"email\"\n";
    world.configure("mappings/SALESPEOPLE.toml", email, &format!("{alias}\n{email}"));
    world.configure("mappings/CUSTOMER.toml", "left_by = \"code\"", "left_by = \"alias\"");
    let why = "it points to rows of SALESPEOPLE by alias, which these do not have here";
    let (code, out, err) = tandem(&world, &["mapping", "check", "CUSTOMER"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains(&format!("  left out: owner: {why}")), "{out}");
    let by = "left_by = \"alias\"\nnot_null = true\n";
    world.configure("mappings/CUSTOMER.toml", &format!("{by}optional = true\n"), by);
    let (code, out, _) = tandem(&world, &["mapping", "check", "CUSTOMER"]);
    assert_eq!(code, 3, "{out}");
    assert!(
        out.contains("mappings/CUSTOMER.toml, line ") && out.contains(&format!("field owner: {why}")),
        "{out}"
    );
    let (code, _, err) = tandem(&world, &["sync", "--yes"]);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains(&format!("field owner: {why}")), "{err}");
}

/// The example of 2017, in both spellings.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_map_of_2017_works_as_it_is_and_in_own_words() {
    let world = World::start(Options::default()).await;
    let json = r#"[{"transformType":"ValueMap","valueMap":{"SE":"Sweden","DE":"Germany"}}]"#;
    let file = world.folder.path().join("countries.json");
    fs::write(&file, json).unwrap();
    let (code, own, err) = tandem(&world, &["mapping", "import", file.to_str().unwrap()]);
    assert_eq!(code, 0, "{err}");
    let country = "left = \"country\"\nright = \"address1_country\"\ndirection = \"<->\"\ntype = \"code\"\ngroup = \"address\"";
    let with = |spelling: &str| {
        let text = country
            .replace("direction = \"<->\"\ntype = \"code\"\ngroup = \"address\"", "direction = \"->\"");
        world.configure("mappings/CUSTOMER.toml", country, &format!("{text}\n{spelling}"));
    };
    world.configure("mappings/CUSTOMER.toml", "first_contact = \"ask\"", "first_contact = \"left\"");
    let original = fs::read_to_string(world.folder.path().join("mappings/CUSTOMER.toml")).unwrap();
    for spelling in [format!("left_transform = '{json}'"), own] {
        fs::write(world.folder.path().join("mappings/CUSTOMER.toml"), &original).unwrap();
        with(&spelling);
        let (code, out, err) = tandem(&world, &["sync"]);
        assert_eq!(code, 0, "{out}{err}");
        let account = world.find(At::Dataverse, "accounts", "name", "Berglunds snabbköp").await;
        assert_eq!(text(&account, "address1_country"), "Sweden", "{spelling}");
        let id = text(&account, "accountid");
        world.edit(At::Dataverse, "accounts", id, json!({"address1_country": "Norway"})).await;
    }
    let (code, _, err) =
        tandem(&world, &["mapping", "import", world.folder.path().join("tandem.toml").to_str().unwrap()]);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("this is no list of transforms as of 2017"), "{err}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mappings_are_added_with_what_they_need_and_reset() {
    let world = World::start(Options::default()).await;
    world.configure("tandem.toml", "poll_secs = 1", "mappings = [\"CURRENCY\"]\npoll_secs = 1");
    let (code, out, err) = tandem(&world, &["mapping", "add", "CONTACT", "PAYMENT TERMS"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with("CONTACT, PAYMENT TERMS, and CUSTOMER, which they need: in use"), "{out}");
    let (code, out, err) = tandem(&world, &["mapping", "graph", "--json"]);
    assert_eq!(code, 0, "{err}");
    let graph: Value = serde_json::from_str(&out).unwrap();
    let names: Vec<_> = graph.as_array().unwrap().iter().map(|node| text(node, "mapping")).collect();
    assert_eq!(names, ["CURRENCY", "PAYMENT TERMS", "CUSTOMER", "CONTACT"]);
    assert_eq!(graph[2]["needs"], json!(["CURRENCY"]));
    assert_eq!(graph[2]["points_to"], json!(["CONTACT", "PAYMENT TERMS"]));
    let (_, out, _) = tandem(&world, &["mapping", "add", "CONTACT"]);
    assert!(out.starts_with("all of them are in use already"), "{out}");
    let (code, _, err) = tandem(&world, &["mapping", "add", "CONTCAT"]);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("no shipped mapping of that name"), "{err}");

    let (code, out, _) = tandem(&world, &["mapping", "reset", "CUSTOMER"]);
    assert!(code == 0 && out.contains("CUSTOMER is as shipped again; your file is kept as "), "{out}");
    let kept = fs::read_to_string(world.folder.path().join("mappings/CUSTOMER.toml.1")).unwrap();
    assert!(kept.contains("create = true"), "{kept}");
    let (_, out, _) = tandem(&world, &["mapping", "reset", "CUSTOMER"]);
    assert!(out.starts_with("CUSTOMER is as shipped already"), "{out}");
    let (code, _, err) = tandem(&world, &["mapping", "reset", "MINE"]);
    assert_eq!(code, 2, "{err}");
}
