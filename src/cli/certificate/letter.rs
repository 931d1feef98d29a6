//! The letter to the administrator: what to register, which permissions and roles, where to put the certificate.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::{Config, ConnectionKind};
use crate::http::NewCertificate;
use crate::model::Side;

/// What the letter is about.
pub(super) struct Letter<'a> {
    pub(super) name: &'a str,
    pub(super) made: &'a NewCertificate,
    pub(super) certificate_file: &'a str,
    pub(super) services: Vec<Service>,
}

/// A service that has to let the application in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) kind: ConnectionKind,
    pub(super) url: Option<String>,
    pub(super) tables: BTreeSet<String>,
}

/// Lists the configured services with the tables that the mappings use.
pub(super) fn services(config: &Config) -> Vec<Service> {
    let tables_of = |connection: &str| {
        let sides = config.mappings.iter().flat_map(|mapping| Side::BOTH.map(|side| (mapping, side)));
        sides
            .filter(|(mapping, side)| mapping.connections[*side].as_str() == connection)
            .map(|(mapping, side)| mapping.tables[side].to_string())
            .collect()
    };
    let service = |(name, settings): (&String, &crate::config::ConnectionSettings)| Service {
        kind: settings.kind,
        url: Some(settings.url.clone()),
        tables: tables_of(name),
    };
    config.settings.connections.iter().map(service).collect()
}

/// Lists both services, where nothing is configured yet.
pub(super) fn services_in_general() -> Vec<Service> {
    let service = |kind| Service { kind, url: None, tables: BTreeSet::new() };
    [ConnectionKind::BusinessCentral, ConnectionKind::Dataverse].map(service).to_vec()
}

/// Reads an address that cannot add lines to a mail.
pub(super) fn address(text: &str) -> Result<String, String> {
    let fits = text.is_ascii() && !text.contains(|c: char| c.is_control() || c.is_whitespace());
    match fits && text.split('@').filter(|part| !part.is_empty()).count() == 2 {
        true => Ok(text.to_owned()),
        false => Err("write one address, such as admin@contoso.com".to_owned()),
    }
}

impl Letter<'_> {
    /// Writes the letter as text.
    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "Please register Tandem, a program that keeps rows of our business systems in step. It signs in as an\n\
             application, with a certificate; its key stays on the machine where Tandem runs. There is no secret to send.\n\n\
             1. Microsoft Entra admin center > App registrations > New registration\n   \
                Name: {name}. Accounts in this directory only. No redirect URI.\n\n\
             2. Certificates & secrets > Certificates > Upload certificate\n   \
                Upload the file {file} (it comes with the mail, and stands below).\n   \
                Thumbprint: {thumbprint}. Valid until {until}.\n",
            name = self.name,
            file = self.certificate_file,
            thumbprint = self.made.thumbprint,
            until = self.made.not_after,
        );
        for (index, service) in self.services.iter().enumerate() {
            let _ = write!(text, "\n{}. {}", index + 3, service.text());
        }
        let _ = write!(
            text,
            "\n{}. Send back two ids from the application's overview page; neither is a secret:\n   \
             Directory (tenant) ID and Application (client) ID\n\n{}",
            self.services.len() + 3,
            self.made.certificate_pem
        );
        text
    }

    /// Writes the letter as a mail that mail programs open as a draft, with the certificate attached.
    pub(super) fn mail(&self, to: Option<&str>) -> String {
        let boundary = format!("tandem-{}", self.made.thumbprint);
        let to = to.map_or_else(String::new, |to| format!("To: {to}\n"));
        let mail = format!(
            "{to}Subject: Please register the application {name} in Microsoft Entra\nX-Unsent: 1\nMIME-Version: 1.0\n\
             Content-Type: multipart/mixed; boundary=\"{boundary}\"\n\n\
             --{boundary}\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n{text}\n\
             --{boundary}\nContent-Type: application/x-pem-file; name=\"{file}\"\n\
             Content-Disposition: attachment; filename=\"{file}\"\nContent-Transfer-Encoding: base64\n\n{certificate}\n\
             --{boundary}--\n",
            name = self.name,
            file = self.certificate_file,
            text = folded(&self.text().replace('\n', "\r\n")),
            certificate = folded(&self.made.certificate_pem),
        );
        mail.replace('\n', "\r\n")
    }
}

impl Service {
    fn text(&self) -> String {
        let tables = match self.tables.is_empty() {
            true => "the tables to be kept in step".to_owned(),
            false => self.tables.iter().cloned().collect::<Vec<_>>().join(", "),
        };
        let address = self.url.as_deref().map_or_else(String::new, |url| format!(" ({url})"));
        match self.kind {
            ConnectionKind::BusinessCentral => format!(
                "Business Central{address}\n   \
                 In Entra: API permissions > Add > Dynamics 365 Business Central > Application permissions >\n   \
                 API.ReadWrite.All; then Grant admin consent.\n   \
                 In Business Central: page Microsoft Entra Applications > New: the Client ID, State Enabled, and permission\n   \
                 sets that read and change: {tables}.\n   \
                 SUPER cannot be given to applications.\n"
            ),
            ConnectionKind::Dataverse => format!(
                "Dataverse{address}\n   \
                 No API permission is needed in Entra. In the Power Platform admin center: the environment > Settings >\n   \
                 Users + permissions > Application users > New app user: the application, and a security role with\n   \
                 organisation-level Create, Read, Write, Append and Append To on: {tables}.\n   \
                 In the properties of these tables: Track changes on.\n"
            ),
            ConnectionKind::Odata => format!(
                "An OData service{address}\n   \
                 Permission for the application to read and change: {tables}.\n"
            ),
        }
    }
}

/// Encodes text in lines that every mail server takes.
fn folded(text: &str) -> String {
    let encoded = STANDARD.encode(text);
    let lines: Vec<_> = encoded.as_bytes().chunks(76).map(String::from_utf8_lossy).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    fn made() -> NewCertificate {
        NewCertificate {
            key_pem: Secret::new("-----BEGIN PRIVATE KEY-----"),
            certificate_pem: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n".to_owned(),
            thumbprint: "0A1B".to_owned(),
            not_after: "2027-01-31".parse().unwrap(),
        }
    }

    #[test]
    fn the_letter_says_what_to_register_and_where() {
        let mut services = services_in_general();
        services[1].url = Some("https://contoso.crm4.dynamics.com".to_owned());
        services[1].tables = ["accounts", "products"].map(str::to_owned).into();
        let made = made();
        let letter = Letter { name: "tandem", made: &made, certificate_file: "tandem.cert.pem", services };
        insta::assert_snapshot!(letter.text());
    }

    #[test]
    fn the_mail_carries_letter_and_certificate_and_never_the_key() {
        let made = made();
        let letter =
            Letter { name: "tandem", made: &made, certificate_file: "tandem.cert.pem", services: Vec::new() };
        let mail = letter.mail(Some("admin@contoso.com"));
        let parts: Vec<_> = mail.split("--tandem-0A1B").collect();
        assert!(parts[0].starts_with("To: admin@contoso.com\r\nSubject: ") && parts.len() == 4, "{mail}");
        let content = |part: &str| {
            let encoded = part.split("\r\n\r\n").nth(1).unwrap().replace("\r\n", "");
            String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap()
        };
        assert_eq!(content(parts[1]).replace("\r\n", "\n"), letter.text());
        assert_eq!(content(parts[2]), made.certificate_pem);
        assert!(mail.lines().all(|line| line.len() <= 100));
        for part in [content(parts[1]), content(parts[2]), mail.clone()] {
            assert!(!part.contains("PRIVATE KEY"));
        }
    }

    #[test]
    fn an_address_cannot_add_lines_to_the_mail() {
        assert!(address("admin@contoso.com").is_ok());
        for wrong in ["admin", "a@b\r\nBcc: c@d", "a@b c@d", "@b", ""] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}
