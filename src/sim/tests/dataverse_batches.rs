//! Dataverse `$batch`: change sets, references, rollback, errors.

use serde_json::json;

use super::dataverse::{ACME, get};
use super::{empty, request, texts};
use crate::sim::data::World;
use crate::sim::http::Reply;

/// Sends a change set of two creates, the second of which may fail, and a create after it.
fn batch(second: &str, headers: &[&str], line_end: &str) -> (World, Reply) {
    let mut world = empty();
    let part = |id: u32, body: &str| {
        format!(
            "Content-Type: application/http\nContent-Transfer-Encoding: binary\nContent-ID: {id}\n\nPOST /api/data/v9.2/accounts HTTP/1.1\nContent-Type: application/json; type=entry\n\n{body}\n"
        )
    };
    let text = format!(
        "\n--b 1\nContent-Type: multipart/mixed;boundary=c1\n\n--c1\n{}--c1\n{}--c1--\n--b 1\n{}--b 1--\n",
        part(100_001, &json!({"accountid": ACME, "name": "first"}).to_string()),
        part(100_002, second),
        part(3, "{\"name\":\"after\"}")
    );
    let mut all = vec!["Content-Type: multipart/mixed;boundary=\"b 1\""];
    all.extend(headers);
    let reply = world.dataverse.answer(
        &request("POST", "/api/data/v9.2/$batch", &all, &text.replace('\n', line_end)),
        &mut Vec::new(),
    );
    (world, reply)
}

#[test]
fn a_change_set_refers_to_its_own_rows() {
    for line_end in ["\n", "\r\n"] {
        let (mut world, reply) =
            batch("{\"name\":\"second\",\"parentaccountid@odata.bind\":\"$100001\"}", &[], line_end);
        let text = String::from_utf8(reply.body).unwrap();
        assert_eq!(reply.status, 200, "{text}");
        assert!(text.starts_with("--batchresponse_") && text.contains("--changesetresponse_"));
        assert_eq!(text.matches("HTTP/1.1 204 No Content").count(), 3);
        let children = get(&mut world, &format!("accounts?$filter=_parentaccountid_value eq {ACME}"));
        assert_eq!(texts(&children, "name"), ["second"]);
    }
}

#[test]
fn a_failed_change_set_is_rolled_back_and_stops_the_batch() {
    let (mut world, reply) = batch("{\"nme\":\"second\"}", &[], "\r\n");
    assert_eq!(reply.status, 400);
    let text = String::from_utf8(reply.body).unwrap();
    assert_eq!((text.matches("HTTP/1.1 ").count(), text.matches("400 Bad Request").count()), (1, 1));
    assert_eq!(get(&mut world, "accounts/$count").body, b"0");
}

#[test]
fn a_batch_goes_on_after_an_error_if_asked() {
    let (mut world, reply) =
        batch("{\"parentaccountid@odata.bind\":\"$7\"}", &["Prefer: odata.continue-on-error"], "\n");
    assert_eq!(reply.status, 200);
    let text = String::from_utf8(reply.body).unwrap();
    assert!(text.contains("Content-ID Reference: '$7' does not exist in the batch context."));
    assert_eq!(texts(&get(&mut world, "accounts?$select=name"), "name"), ["after"]);
}

#[test]
fn unguarded_writes_are_recorded_inside_batches_too() {
    let mut world = empty();
    let mut unguarded = Vec::new();
    let text = format!(
        "--b\nContent-Type: application/http\n\nPATCH /api/data/v9.2/accounts({ACME}) HTTP/1.1\nIf-None-Match: null\n\n{{}}\n--b--\n"
    );
    world.dataverse.answer(
        &request("POST", "/api/data/v9.2/$batch", &["Content-Type: multipart/mixed;boundary=b"], &text),
        &mut unguarded,
    );
    world.dataverse.answer(
        &request("PATCH", &format!("/api/data/v9.2/accounts({ACME})"), &["If-Match: W/\"1\""], "{}"),
        &mut unguarded,
    );
    assert_eq!(unguarded, [format!("PATCH /api/data/v9.2/accounts({ACME})")]);
}

#[test]
fn a_representation_can_be_referred_to() {
    let mut world = empty();
    let part = |id: u32, name: &str, more: &str| {
        format!(
            "--c\nContent-Type: application/http\nContent-ID: {id}\n\nPOST /api/data/v9.2/accounts HTTP/1.1\nPrefer: return=representation\n\n{{\"name\":\"{name}\"{more}}}\n"
        )
    };
    let text = format!(
        "--b\nContent-Type: multipart/mixed;boundary=c\n\n{}{}--c--\n--b--\n",
        part(1, "parent", ""),
        part(2, "child", ",\"parentaccountid@odata.bind\":\"$1\"")
    );
    let batch =
        request("POST", "/api/data/v9.2/$batch", &["Content-Type: multipart/mixed;boundary=b"], &text);
    let reply = world.dataverse.answer(&batch, &mut Vec::new());
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    assert_eq!(texts(&get(&mut world, "accounts?$filter=_parentaccountid_value ne null"), "name"), ["child"]);
}
