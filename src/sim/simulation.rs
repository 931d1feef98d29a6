//! Starting and stopping: both services and the token endpoint on loopback ports.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use tokio::task::JoinHandle;
use uuid::Uuid;

use super::assertion::Certificates;
use super::disturbance::Disturbance;
use super::faults::{FaultState, Faults, Service, lock};
use super::http::{Reply, Request};
use super::messenger;
use super::office::Office;
use super::operator::Operator;
use super::options::{Addresses, Options};
use super::profile::Profile;
use super::server::{Answer, Manners, Port, bind};
use super::tls::Authority;
use super::token::{Bearer, Registration, Tokens};
use super::{business_central, data, dataverse};

/// The running simulators. Dropping it without [`Simulation::stop`] leaves them to the runtime.
pub struct Simulation {
    addresses: Addresses,
    faults: Faults,
    authority_certificate: Option<String>,
    tokens: Arc<Tokens>,
    dataverse: Arc<Mutex<dataverse::Service>>,
    /// Carries webhooks.
    messenger: JoinHandle<()>,
}

impl fmt::Debug for Simulation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Simulation")
            .field("dataverse", &self.addresses.dataverse)
            .finish_non_exhaustive()
    }
}

impl Simulation {
    /// Fills both systems and starts to listen.
    pub async fn start(options: Options) -> io::Result<Simulation> {
        let world = data::world(&options);
        let dataverse_listener = bind(options.dataverse_port).await?;
        let business_central_listener = bind(options.business_central_port).await?;
        let token_listener = bind_token_port(options.business_central_port).await?;
        let registration = registration(options.seed);
        let certificates = Certificates::new(&options.certificates)?;
        let tokens = Arc::new(Tokens::new(registration.clone(), certificates, options.sign_in_denied));
        let authority = options.tls.then(Authority::new).transpose()?;
        let dataverse = Arc::new(Mutex::new(world.dataverse));
        let business_central = Arc::new(Mutex::new(world.business_central));
        let environment = lock(&business_central).environment_path();
        let company = lock(&business_central).company().to_string();
        let state = Arc::new(FaultState::default());
        let disturbance = Arc::new(Disturbance::new(&options.faults, options.seed));
        lock(&dataverse).disturb(disturbance.clone());
        lock(&business_central).disturb(disturbance.clone());
        lock(&business_central).set_up(&options.settings);
        let delay = i64::try_from(options.webhook_delay.as_millis()).unwrap_or(i64::MAX);
        lock(&business_central).delay_webhooks(delay);
        let messenger = messenger::start(business_central.clone());
        let manners = Manners {
            faults: state.clone(),
            disturbance: disturbance.clone(),
            limits: options.limits,
            fixed_token: registration.access_token.clone(),
        };
        let start = |listener, service, answer| {
            let acceptor = authority.as_ref().map(|authority| authority.acceptor.clone());
            Port::start(listener, acceptor, service, manners.clone(), answer)
        };
        let ports = [
            start(
                dataverse_listener,
                Service::Dataverse,
                answer_dataverse(&dataverse, &tokens, &disturbance),
            )?,
            start(
                business_central_listener,
                Service::BusinessCentral,
                answer_business_central(&business_central, &tokens, &disturbance),
            )?,
            start(token_listener, Service::Token, answer_token(&tokens))?,
        ];
        let url = |service: Service| ports[service as usize].url();
        let addresses = Addresses {
            dataverse: url(Service::Dataverse),
            business_central: format!("{}{environment}", url(Service::BusinessCentral)),
            company,
            token_url: format!("{}/{}/oauth2/v2.0/token", url(Service::Token), registration.tenant),
            tenant: registration.tenant.to_string(),
            client_id: registration.client_id.to_string(),
            client_secret: registration.client_secret,
            access_token: registration.access_token,
        };
        let faults = Faults {
            state,
            ports: Arc::new(ports),
            disturbance,
            expire_tokens: Arc::new({
                let tokens = tokens.clone();
                move || tokens.expire()
            }),
            expire_delta_tokens: Arc::new({
                let dataverse = dataverse.clone();
                move || lock(&dataverse).expire_delta_tokens()
            }),
            business_central,
        };
        let authority_certificate = authority.map(|authority| authority.certificate);
        Ok(Simulation { addresses, faults, authority_certificate, tokens, dataverse, messenger })
    }

    /// Returns the certificate, as PEM, by which clients know the servers; `None` without TLS.
    pub fn authority_certificate(&self) -> Option<&str> {
        self.authority_certificate.as_deref()
    }

    /// Registers a certificate (PEM) with which the application may sign in from now on.
    pub fn register_certificate(&self, certificate: &str) -> io::Result<()> {
        self.tokens.register(certificate)
    }

    /// Lets the person's sign-in run out: refresh tokens issued so far are refused.
    pub fn forget_people(&self) {
        self.tokens.forget_people();
    }

    /// Returns where the systems answer.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Returns the handle that makes them misbehave.
    pub fn faults(&self) -> Faults {
        self.faults.clone()
    }

    /// Returns the handle on what people do in Business Central.
    pub fn office(&self) -> Office {
        Office { service: self.faults.business_central.clone() }
    }

    /// Returns the handle on what administrators do to whole databases.
    pub fn operator(&self) -> Operator {
        Operator { dataverse: self.dataverse.clone(), business_central: self.faults.business_central.clone() }
    }

    /// Stops listening and closes every connection.
    pub async fn stop(self) {
        self.messenger.abort();
        for port in self.faults.ports.iter() {
            port.close().await;
        }
    }
}

/// With a chosen Business Central port, the token endpoint takes the next one, so that its address survives a restart.
async fn bind_token_port(business_central_port: u16) -> io::Result<tokio::net::TcpListener> {
    if let Some(next) = business_central_port.checked_add(1).filter(|next| *next > 1)
        && let Ok(listener) = bind(next).await
    {
        return Ok(listener);
    }
    bind(0).await
}

fn registration(seed: u64) -> Registration {
    let id = |name: &str| data::stable_id(seed, "registration", name);
    Registration {
        tenant: id("tenant"),
        client_id: id("client"),
        person: id("person"),
        client_secret: format!("sim~secret+{}/=", id("secret").simple()),
        access_token: format!("sim-fixed-{}", id("token").simple()),
    }
}

/// Lets a request through if its token is known, else says so in the service's own words.
fn admit(
    tokens: &Tokens,
    disturbance: &Disturbance,
    mut request: Request,
    refuse: impl Fn(&Request, Uuid) -> Reply,
) -> Result<Request, Reply> {
    if !request.person && disturbance.strikes(Profile::ExpiredTokens) {
        tokens.expire();
    }
    match request.bearer().and_then(|token| tokens.bearer(token)) {
        Some(bearer) => {
            request.person = bearer == Bearer::Fixed;
            request.delegated = bearer == Bearer::Person;
            Ok(request)
        }
        None => Err(refuse(&request, tokens.tenant())),
    }
}

fn answer_dataverse(
    service: &Arc<Mutex<dataverse::Service>>,
    tokens: &Arc<Tokens>,
    disturbance: &Arc<Disturbance>,
) -> Answer {
    let (service, tokens, disturbance) = (service.clone(), tokens.clone(), disturbance.clone());
    Arc::new(move |request, unguarded| match admit(&tokens, &disturbance, request, dataverse::unauthorized) {
        Ok(request) => lock(&service).answer(&request, unguarded),
        Err(reply) => reply,
    })
}

fn answer_business_central(
    service: &Arc<Mutex<business_central::Service>>,
    tokens: &Arc<Tokens>,
    disturbance: &Arc<Disturbance>,
) -> Answer {
    let (service, tokens, disturbance) = (service.clone(), tokens.clone(), disturbance.clone());
    Arc::new(move |request, unguarded| {
        match admit(&tokens, &disturbance, request, business_central::unauthorized) {
            Ok(request) => lock(&service).answer(&request, unguarded),
            Err(reply) => reply,
        }
    })
}

fn answer_token(tokens: &Arc<Tokens>) -> Answer {
    let tokens = tokens.clone();
    Arc::new(move |request, _| tokens.answer(&request))
}
