//! What a simulation is started with, and where it can then be reached.

use std::time::Duration;

use super::dataverse::Switch;
use super::limits::Limits;
use super::profile::Profile;
use super::setting::Setting;
use super::token::SignInDenial;

/// What to start: ports, starting data and size.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port of the Dataverse Web API; 0 takes a free one.
    pub dataverse_port: u16,
    /// The port of the Business Central API; 0 takes a free one. The token endpoint takes the next port if this one is
    /// given and the next is free, otherwise any free port.
    pub business_central_port: u16,
    /// The rows both systems start with.
    pub data: DataSet,
    /// How many synthetic customers Business Central gets on top.
    pub rows: usize,
    /// Whether the companion API is installed in Business Central.
    pub companion: bool,
    /// Decides ids and synthetic text; equal seeds give equal worlds.
    pub seed: u64,
    /// Whether all servers speak https with a certificate of the simulation's own authority.
    pub tls: bool,
    /// Certificates of the application, each as PEM, with which it may sign in instead of the secret.
    pub certificates: Vec<String>,
    /// How the servers misbehave, decided by the seed. Callers with the fixed access token are spared.
    pub faults: Vec<Profile>,
    /// How Business Central is set up where it differs from the most likely form.
    pub settings: Vec<Setting>,
    /// How long Business Central gathers changes before it tells subscribers of them.
    pub webhook_delay: Duration,
    /// What [`Profile::Limits`] allows.
    pub limits: Limits,
    /// How the simulated Dataverse differs from the usual one.
    pub dataverse: Vec<Switch>,
    /// Why every sign-in is denied, if it is.
    pub sign_in_denied: Option<SignInDenial>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dataverse_port: 0,
            business_central_port: 0,
            data: DataSet::Northwind,
            rows: 0,
            companion: false,
            seed: 1,
            tls: false,
            certificates: Vec::new(),
            faults: Vec::new(),
            settings: Vec::new(),
            webhook_delay: Duration::from_secs(30),
            limits: Limits::default(),
            dataverse: Vec::new(),
            sign_in_denied: None,
        }
    }
}

/// The rows both systems start with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataSet {
    /// Northwind's customers, suppliers and products, about half of them in both systems and some of those different.
    Northwind,
    /// Only what an organisation and a company cannot be without: the organisation, its users, base currency and set-up rows.
    Empty,
}

/// Where the simulated systems answer and how to sign in.
#[derive(serde::Serialize, Clone, Debug)]
pub struct Addresses {
    /// The organisation URL, without `/api/data` and without a trailing slash.
    pub dataverse: String,
    /// The URL up to and including the environment.
    pub business_central: String,
    /// The id of the only Business Central company.
    pub company: String,
    /// The OAuth2 token endpoint.
    pub token_url: String,
    /// The Entra tenant id.
    pub tenant: String,
    /// The registered application.
    pub client_id: String,
    /// The application's secret.
    pub client_secret: String,
    /// A token that never expires, for people with a command line.
    pub access_token: String,
}
