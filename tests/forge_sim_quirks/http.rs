//! A client as plain as can be: one connection a request, and the answer as it came.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::forge_sim::{ForgeSim, Personality, RUN};

/// What came back: status, headers in lower case, body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{} is no JSON", self.text()))
    }
}

/// One request on a connection of its own.
pub(crate) fn send(url: &str, method: &str, token: Option<&str>, body: Option<&Value>) -> std::io::Result<Answer> {
    let rest = url.strip_prefix("http://").expect("http");
    let (host, path) = rest.split_at(rest.find('/').expect("a path"));
    let mut stream = TcpStream::connect(host.replace("localhost", "127.0.0.1"))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let body = body.map(Value::to_string).unwrap_or_default();
    let auth = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nuser-agent: test\r\ncontent-type: application/json\r\n{auth}connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head[9..12].parse().expect("a status");
    let (first, lines) = head.split_once("\r\n").expect("headers");
    let lines = lines.lines().map(|line| {
        let (name, value) = line.split_once(':').expect("a header");
        format!("{}:{value}\n", name.to_lowercase())
    });
    let head = format!("{first}\n{}", lines.collect::<String>());
    Ok(Answer { status, head, body: bytes[end + 4..].to_vec() })
}

/// A forge and its REST interface.
pub(crate) struct Rest(pub(crate) ForgeSim);

impl Rest {
    pub(crate) fn start(personality: Personality) -> Self {
        Self(ForgeSim::start(personality))
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{}/repos/octo/demo{path}", self.0.url(), self.0.personality().quirks().api_prefix)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        send(&self.url(path), "GET", Some(&self.0.api_token()), None).expect("an answer")
    }

    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        send(&self.url(path), method, Some(&self.0.api_token()), Some(body)).expect("an answer")
    }

    pub(crate) fn twirp(&self, call: &str, extra: &Value) -> Answer {
        let run = if self.0.personality() == Personality::GitHub {
            json!("ce7f54c7-61c7-4aae-887f-30da475f5f1a")
        } else {
            json!(RUN.to_string())
        };
        let mut body = json!({"workflow_run_backend_id": run, "workflow_job_run_backend_id": "1"});
        for (key, value) in extra.as_object().expect("fields") {
            body[key] = value.clone();
        }
        let url = format!("{}/twirp/github.actions.results.api.v1.ArtifactService/{call}", self.0.url());
        send(&url, "POST", Some(&self.0.runtime_token()), Some(&body)).expect("an answer")
    }
}
