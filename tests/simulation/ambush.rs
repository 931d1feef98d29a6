//! Trouble that a test puts in the way by hand: at the n-th request of a kind, once.

#![cfg_attr(not(test), expect(dead_code, reason = "only scripted scenarios lay ambushes"))]

use tandem::model::ConnectionName;
use tandem::systems::SystemError;

use super::machine::Machine;
use super::server::Effect;

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// A page of a feed.
    Page,
    /// A batch of writes.
    Write,
    /// Rows by their ids.
    Keyed,
}

/// What happens when the request comes.
#[derive(Clone, Debug)]
pub enum Surprise {
    /// The sign-in is over.
    SignedOut,
    Throttled,
    /// The watermark or page link is too old.
    Forgotten,
    /// Somebody does something just before the request is carried out.
    Person(Effect),
}

/// A surprise and how many requests of its kind come before it.
#[derive(Clone, Debug)]
pub struct Ambush {
    pub on: Request,
    pub after: u64,
    pub surprise: Surprise,
}

impl Machine {
    /// Lets a request pass by, or fall into an ambush.
    pub fn spring(&mut self, on: Request, connection: &ConnectionName, now: i64) -> Result<(), SystemError> {
        let Some(at) = self.ambushes.iter().position(|ambush| ambush.on == on) else { return Ok(()) };
        if self.ambushes[at].after > 0 {
            self.ambushes[at].after -= 1;
            return Ok(());
        }
        let connection = connection.clone();
        match self.ambushes.remove(at).surprise {
            Surprise::SignedOut => {
                Err(SystemError::SignIn { connection, detail: "the token is over".to_owned() })
            }
            Surprise::Throttled => Err(SystemError::Throttled { connection, retry_after: None }),
            Surprise::Forgotten => Err(SystemError::WatermarkExpired { connection, table: "any".into() }),
            Surprise::Person(effect) => {
                self.server.apply(&effect, now);
                Ok(())
            }
        }
    }
}
