//! Both references' error tables, as far as they concern whole requests: what a person is told, and what to do.

use super::*;

const RETRY: &str = "nothing: Tandem waits as asked and goes on by itself";
const SIGN_IN: &str = "check the sign-in of [connections.x] in tandem.toml and its secret";
const PERMIT: &str = "ask the administrator of x to permit it to Tandem's application user";
const NAMES: &str = "check url, company and table names of [connections.x] and its mappings";
const SETTINGS: &str = "correct [connections.x] in tandem.toml, or the service itself";
const LOG: &str = "look at the log at debug level; if the service is right, this is a fault in Tandem";

/// Status, code, text of the service; what a person reads; the remedy.
type Case = (u16, &'static str, &'static str, &'static str, &'static str);

const NOT_ACCEPTED: &str = "is the application registered and enabled in this environment?";

const BUSINESS_CENTRAL: &[Case] = &[
    (400, "BadRequest", "bad", "refused the request for rows: BadRequest bad (HTTP 400)", LOG),
    (400, "BadRequest_InvalidRequestUrl", "bad", "BadRequest_InvalidRequestUrl bad (HTTP 400)", LOG),
    (400, "BadRequest_InvalidOperation", "bad", "BadRequest_InvalidOperation bad (HTTP 400)", LOG),
    (400, "BadRequest_InvalidToken", "bad", "BadRequest_InvalidToken bad (HTTP 400)", LOG),
    (400, "BadRequest_RequiredParamNotProvided", "bad", "RequiredParamNotProvided bad (HTTP 400)", LOG),
    (400, "Application_DialogException", "specify id", "Application_DialogException specify id", LOG),
    (400, "Application_FieldValidationException", "bad", "FieldValidationException bad (HTTP 400)", LOG),
    (400, "Application_StringExceededLength", "bad", "StringExceededLength bad (HTTP 400)", LOG),
    (400, "Application_EvaluateException", "bad", "EvaluateException bad (HTTP 400)", LOG),
    (400, "Application_InvalidGUID", "bad", "Application_InvalidGUID bad (HTTP 400)", LOG),
    (400, "Application_FilterErrorException", "bad", "FilterErrorException bad (HTTP 400)", LOG),
    (400, "Application_CallbackNotAllowed", "bad", "CallbackNotAllowed bad (HTTP 400)", LOG),
    (400, "Internal_InvalidTableRelation", "bad", "InvalidTableRelation bad (HTTP 400)", LOG),
    (400, "Internal_EntityWithSameKeyExists", "bad", "EntityWithSameKeyExists bad (HTTP 400)", LOG),
    (401, "Authentication_InvalidCredentials", "no", "(Authentication_InvalidCredentials)", SIGN_IN),
    (402, "", "", "refused the request for rows:   (HTTP 402)", LOG),
    (403, "Authorization_X", "no", "x does not permit rows (Authorization_X)", PERMIT),
    (
        403,
        "",
        "Sorry, the current permissions prevented the action. (TableData 18 Customer Read: Base Application)",
        "x does not permit rows: TableData 18 Customer Read: Base Application is missing",
        PERMIT,
    ),
    (404, "BadRequest_NotFound", "syntax", "BadRequest_NotFound syntax (HTTP 404)", LOG),
    (404, "BadRequest_ResourceNotFound", "segment", "x has no rows", NAMES),
    (404, "Internal_RecordNotFound", "", "x has no rows", NAMES),
    (404, "Internal_DataNotFoundFilter", "", "x has no rows", NAMES),
    (404, "Internal_CompanyNotFound", "", "x has no such company", NAMES),
    (400, "Internal_CompanyNotFound", "", "x has no such company", NAMES),
    (405, "BadRequest_MethodNotAllowed", "", "switch on API services (ApiServicesEnabled)", SETTINGS),
    (405, "", "", "switch on API services (ApiServicesEnabled)", SETTINGS),
    (408, "", "", "x is not available (HTTP 408)", RETRY),
    (409, "Request_EntityChanged", "changed", "Request_EntityChanged changed (HTTP 409)", LOG),
    (409, "Internal_ServerError", "locked", "x is not available (HTTP 409)", RETRY),
    (412, "", "", "(HTTP 412)", LOG),
    (413, "", "", "(HTTP 413)", LOG),
    (415, "", "", "(HTTP 415)", LOG),
    (429, "Application_TooManyRequests", "", "x asked us to slow down", RETRY),
    (500, "Internal_ServerError", "", "x is not available (HTTP 500)", RETRY),
    (500, "Unknown", "too many parts", "x is not available (HTTP 500)", RETRY),
    (501, "BadRequest_MethodNotImplemented", "or", "MethodNotImplemented or (HTTP 501)", LOG),
    (502, "", "", "x is not available (HTTP 502)", RETRY),
    (503, "Internal_TenantUnavailable", "", "x is not available (HTTP 503)", RETRY),
    (504, "", "", "x is not available (HTTP 504)", RETRY),
];

const DATAVERSE: &[Case] = &[
    (401, "", "", NOT_ACCEPTED, SIGN_IN),
    (401, "0x80041d50", "", "(0x80041D50)", SIGN_IN),
    (401, "0x8005F101", "", "(0x8005F101)", SIGN_IN),
    (
        403,
        "0x80040220",
        "Principal user is missing prvReadAccount privilege",
        "x does not permit rows: prvReadAccount is missing",
        PERMIT,
    ),
    (403, "0x80040231", "", "x does not permit rows (0x80040231)", PERMIT),
    (403, "0x80048405", "", "x does not permit rows (0x80048405)", PERMIT),
    (403, "0x80048306", "", "x does not permit rows (0x80048306)", PERMIT),
    (403, "0x80040256", "", "x does not permit rows (0x80040256)", PERMIT),
    (403, "0x8004F504", "", "x does not permit rows (0x8004F504)", PERMIT),
    (403, "0x80042f09", "", "rows: the application user has no security role", PERMIT),
    (403, "0x80072560", "", "rows: the application is not a user of this environment", PERMIT),
    (403, "0x8004D24B", "", "rows: the user has no licence", PERMIT),
    (403, "0x8004A110", "", "rows: acting on behalf of another user (the Delegate role)", PERMIT),
    (403, "0x8004A112", "", "rows: the user is disabled", PERMIT),
    (400, "0x8004A104", "", "rows: the organisation is disabled", PERMIT),
    (404, "0x80040217", "", "x has no rows", NAMES),
    (404, "0x80060891", "", "x has no rows", NAMES),
    (400, "0x80041102", "", "x has no table or column asked for in rows", NAMES),
    (400, "0x80041103", "", "x has no table or column asked for in rows", NAMES),
    (400, "0x8006088D", "", "the table has no versions (optimistic concurrency is off)", SETTINGS),
    (400, "0x80040203", "bad", "0x80040203 bad (HTTP 400)", LOG),
    (400, "0x80048d19", "bad", "0x80048D19 bad (HTTP 400)", LOG),
    (400, "0x80060888", "bad", "0x80060888 bad (HTTP 400)", LOG),
    (400, "0x0", "Could not find a property", "Could not find a property (HTTP 400)", LOG),
    (400, "0x8006088A", "bad", "0x8006088A bad (HTTP 400)", LOG),
    (400, "0x8004430C", "bad", "0x8004430C bad (HTTP 400)", LOG),
    (400, "0x80060890", "bad", "0x80060890 bad (HTTP 400)", LOG),
    (400, "0x8006089D", "bad", "0x8006089D bad (HTTP 400)", LOG),
    (413, "0x8004418a", "bad", "0x8004418A bad (HTTP 413)", LOG),
    (429, "0x80072322", "", "x asked us to slow down", RETRY),
    (429, "0x80072321", "", "x asked us to slow down", RETRY),
    (429, "0x80072326", "", "x asked us to slow down", RETRY),
    (429, "-2147094269", "", "x asked us to slow down", RETRY),
    (503, "0x80072322", "", "x asked us to slow down", RETRY),
    (500, "0x80044150", "", "x is not available (HTTP 500)", RETRY),
    (400, "0x80044151", "", "x is not available (HTTP 400)", RETRY),
    (400, "0x80044339", "", "x is not available (HTTP 400)", RETRY),
    (500, "0x80072323", "", "x is not available (HTTP 500)", RETRY),
    (500, "0x80072324", "", "x is not available (HTTP 500)", RETRY),
    (500, "0x80040216", "", "x is not available (HTTP 500)", RETRY),
    (501, "0x80040219", "no", "0x80040219 no (HTTP 501)", LOG),
    (502, "", "", "x is not available (HTTP 502)", RETRY),
    (503, "", "", "x is not available (HTTP 503)", RETRY),
    (504, "", "", "x is not available (HTTP 504)", RETRY),
];

#[test]
fn each_refusal_of_a_request_has_its_message_and_remedy() {
    for (status, code, text, message, remedy) in BUSINESS_CENTRAL.iter().chain(DATAVERSE) {
        let body = serde_json::json!({"error": {"code": code, "message": text}}).to_string();
        let answer = Response::new(*status, Vec::new(), body.into_bytes());
        let error = of_request(&"x".into(), "rows", &answer);
        assert!(error.to_string().contains(message), "{status} {code}: {error}");
        assert_eq!(error.remedy(), *remedy, "{status} {code}");
        let waits = *remedy == RETRY;
        assert_eq!(error.is_transient(), waits, "{status} {code}");
    }
}

#[test]
fn a_gateways_page_means_what_its_status_says() {
    let page = |status| Response::new(status, Vec::new(), b"<html>Bad Gateway</html>".to_vec());
    assert!(of_request(&"x".into(), "rows", &page(502)).is_transient());
    assert!(!of_request(&"x".into(), "rows", &page(403)).is_transient());
}

#[test]
fn the_wait_asked_for_is_handed_on() {
    for status in [429, 502, 503] {
        let headers = vec![("retry-after".to_owned(), "17".to_owned())];
        let error = of_request(&"x".into(), "rows", &Response::new(status, headers, Vec::new()));
        assert_eq!(error.retry_after().map(|wait| wait.as_secs()), Some(17), "{status}");
    }
}
