//! Runs one simulated forge (`tests/forge_sim/`) by itself, for scripts: the real artifact clients, the end-to-end tests.
//!
//! `forge_sim PERSONALITY [--port N] [--tls] [--folder DIR] [--event push] [--read-only]`
//!
//! `--read-only`: the job's token is a fork's.
//!
//! Prints one line of JSON: `url`, `blob_url`, `folder`, `api_token`, `env` (what a step on that forge has in its
//! environment). Runs until its standard input ends. `GET /_sim/state` tells what happened so far; with `--folder` the
//! same is left there as `state.json`.

#![allow(clippy::print_stdout, missing_docs)]

#[path = "../tests/forge_sim/mod.rs"]
mod forge_sim;

use std::error::Error;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;

use forge_sim::{Event, ForgeSim, Permissions, Personality};
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let known = || Personality::ALL.map(Personality::name).join(", ");
    let personality = Personality::by_name(&name).ok_or_else(|| format!("a forge, one of: {}", known()))?;
    let mut builder = ForgeSim::builder(personality);
    let mut folder = None;
    let mut event = None;
    let mut read_only = false;
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("`{argument}` needs a value"));
        match argument.as_str() {
            "--tls" => builder = builder.tls(),
            "--read-only" => read_only = true,
            "--port" => builder = builder.port(value()?.parse()?),
            "--folder" => folder = Some(std::path::absolute(PathBuf::from(value()?))?),
            "--event" => event = Some(value()?),
            other => return Err(format!("unknown argument `{other}`").into()),
        }
    }
    if let Some(folder) = &folder {
        builder = builder.folder(folder.clone());
    }
    let sim = builder.start();
    match event.as_deref() {
        None | Some("pull_request") => {}
        Some("push") => sim.event(Event::Push { sha: "1".repeat(40) }),
        Some(other) => return Err(format!("unknown event `{other}`: pull_request or push").into()),
    }
    if read_only {
        sim.permissions(Permissions::READ);
    }
    let facts = json!({"url": sim.url(), "blob_url": sim.blob_url(), "folder": sim.path(),
        "api_token": sim.api_token(), "ca": sim.ca_pem().map(|_| sim.path().join("ca.pem")), "env": sim.env()});
    println!("{facts}");
    io::stdout().flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    if let Some(folder) = folder {
        std::fs::write(folder.join("state.json"), sim.state().to_string())?;
    }
    Ok(())
}
