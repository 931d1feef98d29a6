//! What is granted and denied.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use super::*;

const CLIENT: Uuid = Uuid::from_u128(7);

fn check(tenant: Uuid, form: &[(&str, &str)], expected: u64) {
    let registration = Registration {
        tenant: Uuid::nil(),
        client_id: CLIENT,
        client_secret: "s".to_owned(),
        person: Uuid::max(),
        access_token: "fixed".to_owned(),
    };
    let mut request = Request { method: "POST".to_owned(), ..Request::default() };
    request.set_target(&format!("/{tenant}/oauth2/v2.0/token"));
    request.body =
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish().into_bytes();
    let reply = Tokens::new(registration, Certificates::default(), None).answer(&request).to_json();
    assert_eq!(reply["error_codes"][0].as_u64().unwrap_or_default(), expected, "{form:?}: {reply}");
}

#[test]
fn grants_are_denied_as_entra_does() {
    let client = CLIENT.to_string();
    let good = [
        ("grant_type", "client_credentials"),
        ("client_id", client.as_str()),
        ("scope", "https://x/.default"),
        ("client_secret", "s"),
    ];
    let with = |position: usize, value: &'static str| {
        let mut form = good;
        form[position].1 = value;
        form
    };
    check(Uuid::nil(), &good, 0);
    check(CLIENT, &good, 90002);
    check(Uuid::nil(), &with(0, "password"), 70003);
    check(Uuid::nil(), &with(1, "other"), 700_016);
    check(Uuid::nil(), &with(2, "https://x"), 1_002_012);
    check(Uuid::nil(), &with(2, "https://x/.default https://y/.default"), 70011);
    check(Uuid::nil(), &with(3, "wrong"), 7_000_215);
    check(Uuid::nil(), &good[..3], 7_000_218);
    check(Uuid::nil(), &with(3, ""), 7_000_218);
    check(Uuid::nil(), &[good[0], good[1], good[2], ("client_assertion", "a.b.c")], 900_144);
}

/// A sign-in service with what is asked of it at one moment.
struct Service {
    tokens: Tokens,
    now: Instant,
}

impl Service {
    fn new(denied: Option<&str>) -> Self {
        let registration = Registration {
            tenant: Uuid::nil(),
            client_id: CLIENT,
            client_secret: "s".to_owned(),
            person: Uuid::max(),
            access_token: "fixed".to_owned(),
        };
        let denied = denied.map(|number| number.parse().unwrap());
        Self { tokens: Tokens::new(registration, Certificates::default(), denied), now: Instant::now() }
    }

    fn post(&self, path: &str, form: &[(&str, &str)]) -> Value {
        let mut request =
            Request { method: "POST".to_owned(), base: "http://b".to_owned(), ..Request::default() };
        request.set_target(&format!("/organizations/oauth2/v2.0/{path}"));
        let client = CLIENT.to_string();
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("client_id", &client).extend_pairs(form);
        request.body = body.finish().into_bytes();
        self.tokens.answer_at(&request, self.now).to_json()
    }

    fn get(&self, target: &str) -> Reply {
        let mut request =
            Request { method: "GET".to_owned(), base: "http://b".to_owned(), ..Request::default() };
        request.set_target(target);
        self.tokens.answer_at(&request, self.now)
    }

    fn poll(&self, code: &Value) -> Value {
        let kind = "urn:ietf:params:oauth:grant-type:device_code";
        self.post("token", &[("grant_type", kind), ("device_code", code.as_str().unwrap())])
    }
}

const SCOPE: &str = "https://org/user_impersonation offline_access openid";

#[test]
fn a_device_waits_for_the_person_who_agrees_declines_or_is_too_late() {
    let mut service = Service::new(None);
    let asked = service.post("devicecode", &[("scope", SCOPE)]);
    assert!(asked["message"].as_str().unwrap().contains(asked["user_code"].as_str().unwrap()));
    let code = &asked["device_code"];
    assert_eq!(service.poll(code)["error"], "authorization_pending");
    let signed_in = service.poll(code);
    assert!(signed_in["refresh_token"].is_string() && signed_in["id_token"].is_string(), "{signed_in}");
    let token = signed_in["access_token"].as_str().unwrap();
    assert_eq!(service.tokens.bearer(token), Some(Bearer::Person));
    assert_eq!(service.poll(code)["error"], "bad_verification_code");

    let declined = service.post("devicecode", &[("scope", SCOPE)]);
    let page = format!(
        "/organizations/oauth2/deviceauth?declined=1&code={}",
        declined["user_code"].as_str().unwrap()
    );
    assert_eq!(service.get(&page).status, 200);
    assert_eq!(service.poll(&declined["device_code"])["error"], "authorization_declined");

    let late = service.post("devicecode", &[("scope", SCOPE)]);
    service.now += Duration::from_secs(900);
    assert_eq!(service.poll(&late["device_code"])["error"], "expired_token");
}

#[test]
fn a_refresh_token_is_good_until_the_person_is_forgotten() {
    let service = Service::new(None);
    let asked = service.post("devicecode", &[("scope", SCOPE)]);
    service.poll(&asked["device_code"]);
    let signed_in = service.poll(&asked["device_code"]);
    let form =
        [("grant_type", "refresh_token"), ("refresh_token", signed_in["refresh_token"].as_str().unwrap())];
    let again = service.post("token", &form);
    assert!(again["access_token"].is_string() && again["refresh_token"].is_string(), "{again}");
    let secret = [form[0], form[1], ("client_secret", "s")];
    assert_eq!(service.post("token", &secret)["error_codes"][0], 700_025);
    service.tokens.forget_people();
    assert_eq!(service.post("token", &form)["error_codes"][0], 700_082);
    assert_eq!(service.post("token", &[form[0], ("refresh_token", "x")])["error"], "invalid_grant");
}

#[test]
fn a_browser_comes_back_with_a_code_that_only_its_client_can_redeem_once() {
    let mut service = Service::new(None);
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, b"verifier"));
    let address = |service: &Service, more: &str| {
        service.get(&format!("/organizations/oauth2/v2.0/authorize?client_id={CLIENT}&response_type=code&redirect_uri=http%3A%2F%2Flocalhost%3A5000%2Fback&scope=https%3A%2F%2Forg%2F.default&state=s%261{more}"))
    };
    let reply = address(&service, &format!("&code_challenge={challenge}&code_challenge_method=S256"));
    let back = url::Url::parse(reply.header("Location").unwrap()).unwrap();
    assert_eq!((reply.status, back.port(), back.path()), (302, Some(5000), "/back"));
    let pairs: BTreeMap<_, _> = back.query_pairs().into_owned().collect();
    assert_eq!(pairs["state"], "s&1");
    let redeem = |service: &Service, redirect: &str, verifier: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", pairs["code"].as_str()),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
        ];
        service.post("token", &form)
    };
    assert_eq!(redeem(&service, "http://localhost:5001/back", "verifier")["error_codes"][0], 500_112);
    assert_eq!(redeem(&service, "http://localhost:5000/back", "other")["error_codes"][0], 501_481);
    assert!(redeem(&service, "http://localhost:5000/back", "verifier")["access_token"].is_string());
    assert_eq!(redeem(&service, "http://localhost:5000/back", "verifier")["error_codes"][0], 54005);
    service.now += Duration::from_secs(3600);
    let token = address(&service, "&response_mode=fragment");
    assert!(token.header("Location").unwrap().contains("error=invalid_request"));
    let foreign = service.get(&format!("/organizations/oauth2/v2.0/authorize?client_id={CLIENT}&response_type=code&redirect_uri=https%3A%2F%2Fevil.example&scope=x"));
    assert_eq!(foreign.to_json()["error_codes"][0], 50011);
}

#[test]
fn every_sign_in_can_be_denied_by_a_number() {
    for number in SignInDenial::numbers() {
        let service = Service::new(Some(&number.to_string()));
        let form = [("grant_type", "refresh_token"), ("refresh_token", "x")];
        let answer = service.post("token", &form);
        assert_eq!(answer["error_codes"][0], number, "{answer}");
        assert!(answer["error_description"].as_str().unwrap().starts_with(&format!("AADSTS{number}: ")));
    }
    assert!("1".parse::<SignInDenial>().is_err());
}
