//! The forge a run belongs to: Forgejo, Gitea, GitHub, GitHub Enterprise Server, or `act` on somebody's machine.
//!
//! | file | what it does |
//! |---|---|
//! | [`context`] | which forge, run, commit and pull request this is, from the environment and the event; pure |
//! | [`capability`] | the one table of what differs between the forges |
//! | [`secret`] | tokens that cannot be printed |
//! | [`transport`] | sockets: TLS roots, proxies, time-outs on connecting |
//! | [`client`] | requests: JSON in and out, retries, redirects, what an error means |
//! | [`answer`] | what comes back: headers, the next page, a body |
//! | [`error`] | what can go wrong, and what to do about it |
//! | [`pulls`] | pull requests: which one a run is about, whether it has moved on, what its base is |
//! | [`comments`] | comments of a pull request |
//! | [`statuses`] | statuses of a commit |
//! | [`runtime`] | runs the asynchronous part from blocking code |
//! | [`artifacts`] | finds, downloads and unpacks artifacts |
//!
//! This is the only room that speaks to a network; [`context`] and [`capability`] do not.

pub mod answer;
pub mod artifacts;
pub mod capability;
pub mod client;
pub mod comments;
pub mod contents;
pub mod context;
pub mod error;
mod failure;
mod pages;
pub mod pulls;
mod refusal;
pub mod runtime;
pub mod secret;
pub mod statuses;
#[cfg(test)]
mod test_server;
pub mod transport;

pub use answer::Answer;
pub use client::{Call, Client, Identity};
pub use context::{Context, Forge};
pub use error::ForgeError;
pub use secret::Secret;
pub use transport::{Settings, Transport};
