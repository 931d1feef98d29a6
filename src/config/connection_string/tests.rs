//! What becomes of connection strings, good and bad.

use super::*;

const TENANT: Option<&str> = Some("contoso.onmicrosoft.com");

fn read(text: &str) -> Result<ReadConnectionString, ConnectionStringError> {
    read_connection_string(text, TENANT)
}

#[test]
fn a_client_secret_is_moved_out_of_the_string() {
    let texts = [
        "AuthType=ClientSecret;Url=https://contoso.crm4.dynamics.com/;ClientId=app;ClientSecret=s3;cret",
        "authtype = clientsecret ; SERVER = https://contoso.crm4.dynamics.com ; App Id=app;Secret='s3;cret';",
        "ClientSecret=old;AuthenticationType=ClientSecret;Service Uri=https://contoso.crm4.dynamics.com/main.aspx;\
         ApplicationId=app;ClientSecret=\"s3;cret\"",
    ];
    for (index, text) in texts.into_iter().enumerate() {
        let read = read(text);
        if index == 0 {
            assert_eq!(read.unwrap_err(), ConnectionStringError::Malformed { at: 91 });
            continue;
        }
        let read = read.unwrap();
        assert_eq!(read.url, "https://contoso.crm4.dynamics.com");
        let kept = read.secret.clone().unwrap();
        assert_eq!(kept.secret.reveal(), "s3;cret");
        let SignIn::ClientSecret { tenant, client_id, client_secret, .. } = &read.sign_in else {
            panic!("{read:?}")
        };
        assert_eq!((tenant.as_str(), client_id.as_str()), ("contoso.onmicrosoft.com", "app"));
        assert_eq!(*client_secret, kept.reference);
        assert_eq!(kept.reference.to_string(), "file:contoso.crm4.dynamics.com.client-secret");
        assert!(read.notes.is_empty() && !format!("{read:?}").contains("s3;cret"));
    }
}

#[test]
fn a_certificate_of_the_windows_store_becomes_a_file_to_export() {
    let text = "AuthType=Certificate;Url=https://c.crm.dynamics.com;AppId=app;CertThumbprint=\u{200e}0a 1B 2c;StoreName=My";
    let read = read(text).unwrap();
    let SignIn::Certificate { certificate, .. } = &read.sign_in else { panic!("{read:?}") };
    assert_eq!(certificate.to_str(), Some("0A1B2C.pfx"));
    assert!(read.notes[0].contains("export the certificate 0A1B2C"), "{:?}", read.notes);
}

#[test]
fn oauth_becomes_a_persons_sign_in_without_the_password() {
    let text = "AuthType=OAuth;Url=https://c.crm.dynamics.com;Username=joe@c.com;Password=hunter2;LoginPrompt=Auto;\
                AppId=51f81489-12ee-4a9e-aaae-a2591f45987d;RedirectUri=app://58145B91;Timeout=00:05:00";
    let read = read_connection_string(text, None).unwrap();
    let SignIn::Browser { tenant, .. } = &read.sign_in else { panic!("{read:?}") };
    assert_eq!((tenant.as_str(), &read.secret), ("organizations", &None));
    let notes = read.notes.join("\n");
    assert!(
        notes.contains("samples")
            && notes.contains("tandem sign-in")
            && notes.contains("Timeout is left out")
    );
    assert!(!format!("{read:?}").contains("hunter2"));
}

#[test]
fn what_cannot_work_is_refused_with_the_way_out() {
    let url = "Url=https://c.crm.dynamics.com";
    let cases = [
        (format!("AuthType=Office365;{url};Username=u;Password=hunter2"), "AuthType=ClientSecret or"),
        (format!("AuthType=AD;{url};Domain=D;Username=u;Password=hunter2"), "AuthType=AD is for servers"),
        (format!("AuthType=IFD;{url}"), "AuthType=IFD is for servers"),
        (format!("AuthType=Kerberos;{url}"), "none of ClientSecret"),
        (url.to_owned(), "no AuthType"),
        ("AuthType=OAuth".to_owned(), "no Url"),
        ("AuthType=OAuth;Url=http://c.crm.dynamics.com".to_owned(), "no https address"),
        (format!("AuthType=ClientSecret;{url};ClientSecret=hunter2"), "no ClientId"),
        (format!("AuthType=ClientSecret;{url};ClientId=app"), "no ClientSecret"),
        (
            format!("AuthType=ClientSecret;{url};ClientId=app;ClientSecret={{SECRET}}"),
            "ClientSecret is a placeholder",
        ),
        (format!("AuthType=Certificate;{url};ClientId=app"), "no Thumbprint"),
        ("hunter2".to_owned(), "not complete at character 1:"),
        (format!("{url};ClientSecret='hunter2"), "not complete at character 32:"),
    ];
    for (text, expected) in cases {
        let error = read(&text).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let secret = format!("AuthType=ClientSecret;{url};ClientId=app;ClientSecret=s");
    assert_eq!(read_connection_string(&secret, None), Err(ConnectionStringError::Tenant));
}
