//! Whatever a client sends, the simulators answer.

use proptest::prelude::*;

use super::{empty, request};
use crate::sim::data::World;
use crate::sim::http::Reply;
use crate::sim::odata::{filter, moment, path, query};

/// Sends the same text as query, key and body to both services.
fn send(world: &mut World, method: &str, set: &str, query: &str, body: &str) -> [Reply; 2] {
    let environment = world.business_central.environment_path();
    let headers = ["If-Match: *", "Content-Type: multipart/mixed;boundary=b", "Prefer: odata.maxpagesize=2"];
    let ask = |root: &str| request(method, &format!("{root}/{set}?{query}"), &headers, body);
    let dataverse = ask("/api/data/v9.2");
    let business_central = ask(&format!("{environment}/api/v2.0"));
    [
        world.dataverse.answer(&dataverse, &mut Vec::new()),
        world.business_central.answer(&business_central, &mut Vec::new()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_parsed_or_refused(text in "\\PC{0,40}") {
        let _ = filter::parse(&text);
        let _ = moment::parse(&text);
        let _ = path::segments(&text);
        let _ = query::Query::parse(&text).with_aliases("$filter");
    }

    #[test]
    fn any_filter_like_text_is_parsed_or_refused(text in "(eq|and|not|in|[(),'\"@ ]|name|null|-?[0-9]{1,30}|2025-01-0[0-9T:.Z]{0,12}){0,12}") {
        let _ = filter::parse(&text);
        let mut world = empty();
        for option in ["$filter", "$orderby", "$select", "$skiptoken", "$deltatoken", "$top"] {
            send(&mut world, "GET", "organizations", &format!("{option}={text}"), "");
            send(&mut world, "GET", "accounts", &format!("{option}={text}"), "");
            send(&mut world, "GET", "companies", &format!("{option}={text}"), "");
        }
    }

    #[test]
    fn any_request_is_answered(
        method in "(GET|POST|PATCH|DELETE|PUT)",
        set in "(accounts|customers|items|salesOrders|salesOrderLines|EntityDefinitions|\\$batch|companies|[a-z]{1,5})(\\(.{0,12}\\))?(/.{0,8})?",
        body in "(\\{\"(name|creditlimit|creditLimit|inventory|displayName|customerNumber|salesOrderLines|Targets|requests)\":(1e99|-79228162514264337593543950335|\"x\"|\\[\\{\\}\\]|null)\\}|--b\n.{0,40}\n\n.{0,40}\n--b--|.{0,20})",
    ) {
        let mut world = empty();
        for reply in send(&mut world, &method, &set, "", &body) {
            prop_assert!((200..600).contains(&reply.status));
        }
    }
}
