//! One failed attempt: the error it would be, and whether another attempt can help.

use std::error::Error;
use std::io;
use std::time::Duration;

use super::error::{ForgeError, Place, said};

/// When to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// It would fail again.
    Never,
    /// The request did not arrive.
    Always,
    /// It may have had its effect; only one that has none may be repeated.
    IfItOnlyReads,
    /// The forge did nothing because of its limit on requests, and may have said how long to wait.
    AfterALimit(Option<Duration>),
}

/// One failed attempt.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: Box<ForgeError>,
    pub(super) again: Again,
}

impl Failure {
    pub(super) fn new(error: ForgeError, again: Again) -> Self {
        Self { error: Box::new(error), again }
    }

    pub(super) fn never(error: ForgeError) -> Self {
        Self::new(error, Again::Never)
    }
}

impl From<ForgeError> for Failure {
    fn from(error: ForgeError) -> Self {
        Self::never(error)
    }
}

impl ForgeError {
    /// The same error after so many attempts.
    pub(super) fn after(mut self, tries: u32) -> Self {
        if let Self::Server { attempts, .. } | Self::Timeout { attempts, .. } | Self::Network { attempts, .. } =
            &mut self
        {
            *attempts = tries;
        }
        self
    }
}

/// What an error of the layers below means. They wrap each other; only the innermost texts are of use, and none of them
/// holds an address or a header.
pub(super) fn broken(error: &(dyn Error + 'static), place: Place, connect: Duration) -> Failure {
    let mut chain = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        chain.push(error);
        next = inner(error);
    }
    let unsent = chain
        .iter()
        .any(|error| error.downcast_ref::<hyper_util::client::legacy::Error>().is_some_and(|error| error.is_connect()));
    if let Some(rustls::Error::InvalidCertificate(problem)) =
        chain.iter().find_map(|error| error.downcast_ref::<rustls::Error>())
    {
        return Failure::never(ForgeError::Certificate { place, reason: said(&problem.to_string(), 120) });
    }
    let hyper = chain.iter().find_map(|error| error.downcast_ref::<hyper::Error>());
    let io = chain.iter().find_map(|error| error.downcast_ref::<io::Error>());
    let again = if unsent { Again::Always } else { Again::IfItOnlyReads };
    if unsent && io.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut) {
        let error = ForgeError::Timeout { place, what: "no connection", limit: connect, attempts: 1 };
        return Failure::new(error, again);
    }
    let hung_up = !unsent
        && (hyper.is_some_and(|error| error.is_incomplete_message() || error.is_closed())
            || io.is_some_and(|error| {
                matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof)
            }));
    let words = chain.last().map(ToString::to_string).unwrap_or_default();
    let reason = if unsent {
        format!("no connection: {}", said(&words, 120))
    } else if hung_up {
        format!("the server ended the connection: {}", said(&words, 120))
    } else {
        said(&words, 120)
    };
    Failure::new(ForgeError::Network { place, reason, hung_up, attempts: 1 }, again)
}

/// What an error wraps. An [`io::Error`] made of another one does not count it as its source.
fn inner<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    if let Some(wrapped) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        return Some(wrapped);
    }
    error.source()
}
