//! The simulated forges (`tests/forge_sim/`), as far as the real clients (`tests/forge_clients/run`) do not show them:
//! paging, refusals, faults, the environment. Plain HTTP over a socket: what is tested here is what is on the wire.

mod artifacts;
mod faults;
#[path = "../forge_sim/mod.rs"]
mod forge_sim;
mod http;
mod posting;
