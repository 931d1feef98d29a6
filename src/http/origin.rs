//! Where a connection's own server is. Only there does its token go.

use url::{Host, Url};

use super::HttpError;

/// Scheme, host and port of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    host: Host,
    port: u16,
}

impl Origin {
    /// Reads the origin of an address. Everything but loopback must be https.
    pub fn of(address: &str) -> Result<Self, HttpError> {
        let origin = Self::even_plain(address)?;
        if origin.scheme == "http" && !origin.is_loopback() {
            let detail = format!(
                "`{address}` would send the sign-in unprotected; use https, or set `allow_http = true` for a network \
                 you trust"
            );
            return Err(HttpError::Configuration { detail });
        }
        Ok(origin)
    }

    /// Reads the origin of an address that may be plain http on any machine, because its owner said so.
    pub fn even_plain(address: &str) -> Result<Self, HttpError> {
        let configuration = |detail: String| HttpError::Configuration { detail };
        let url = Url::parse(address)
            .map_err(|error| configuration(format!("`{address}` is no address: {error}")))?;
        Self::of_url(&url)
            .ok_or_else(|| configuration(format!("`{address}` is no http or https address of a server")))
    }

    /// Checks that a link leads to this very server.
    pub fn check(&self, link: &Url) -> Result<(), HttpError> {
        if Self::of_url(link).as_ref() == Some(self) {
            return Ok(());
        }
        let found = Self::of_url(link).map_or_else(|| link.scheme().to_owned(), |origin| origin.to_string());
        Err(HttpError::ForeignLink { expected: self.to_string(), found })
    }

    /// Returns whether the server is this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        }
    }

    fn of_url(url: &Url) -> Option<Self> {
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        let host = url.host()?.to_owned();
        Some(Self { scheme: url.scheme().to_owned(), host, port: url.port_or_known_default()? })
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_to_the_connections_own_server_only() {
        let origin = Origin::of("https://contoso.crm4.dynamics.com").unwrap();
        let check = |link: &str| origin.check(&Url::parse(link).unwrap());
        assert_eq!(check("https://contoso.crm4.dynamics.com/api/data/v9.2/accounts?$skiptoken=1"), Ok(()));
        assert_eq!(check("https://CONTOSO.crm4.dynamics.com:443/x"), Ok(()));
        for foreign in [
            "http://contoso.crm4.dynamics.com/x",
            "https://contoso.crm4.dynamics.com:8443/x",
            "https://contoso.crm4.dynamics.com.evil.example/x",
            "https://contoso.crm4.dynamics.com@evil.example/x",
            "file:///etc/passwd",
        ] {
            assert!(matches!(check(foreign), Err(HttpError::ForeignLink { .. })), "{foreign}");
        }
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        assert!(Origin::of("http://127.0.0.1:9000").is_ok());
        assert!(Origin::of("http://[::1]:9000").is_ok());
        assert!(Origin::of("http://localhost").is_ok());
        assert!(Origin::of("http://10.0.0.7").unwrap_err().to_string().contains("allow_http"));
        assert!(Origin::even_plain("http://10.0.0.7").is_ok());
        assert!(Origin::of("http://localhost.example").is_err());
        assert!(Origin::of("contoso").is_err());
    }
}
