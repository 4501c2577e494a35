//! A server for unit tests: it answers each connection with the next scripted bytes, and keeps what it was asked.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What to do with one connection, once its request is read.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// These bytes, then the end of the connection.
    Bytes(Vec<u8>),
    /// The end of the connection at once.
    HangUp,
    /// Nothing, for this long.
    Silence(Duration),
    /// These bytes one at a time, with this pause between them.
    Drip(Vec<u8>, Duration),
}

impl Reply {
    /// A whole answer.
    pub(crate) fn of(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let headers: String = headers.iter().flat_map(|header| [*header, "\r\n"]).collect();
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n", body.len());
        Self::Bytes([head.as_bytes(), body].concat())
    }

    pub(crate) fn json(body: &str) -> Self {
        Self::of("200 OK", &["content-type: application/json"], body)
    }
}

/// A running server. It ends with the process.
pub(crate) struct Server {
    pub(crate) origin: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// A server that gives these replies in turn, and the last one to everybody after.
    pub(crate) fn new(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&asked);
        thread::spawn(move || {
            for (turn, stream) in listener.incoming().flatten().enumerate() {
                let reply = replies[turn.min(replies.len() - 1)].clone();
                let record = Arc::clone(&record);
                thread::spawn(move || serve(stream, reply, &record));
            }
        });
        Self { origin, asked }
    }

    /// The requests so far, heads and bodies.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("the record").clone()
    }
}

fn serve(mut stream: TcpStream, reply: Reply, record: &Mutex<Vec<String>>) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&request).to_lowercase();
        if let Some(end) = text.find("\r\n\r\n") {
            let length = text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
            let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
            if request.len() >= end + 4 + length {
                break;
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => request.extend_from_slice(&buffer[..count]),
        }
    }
    record.lock().expect("the record").push(String::from_utf8_lossy(&request).into_owned());
    // A client that gives up closes its side; that is no failure of the server.
    match reply {
        Reply::Bytes(bytes) => drop(stream.write_all(&bytes)),
        Reply::HangUp => {}
        Reply::Silence(time) => thread::sleep(time),
        Reply::Drip(bytes, pause) => {
            for byte in bytes {
                if stream.write_all(&[byte]).is_err() {
                    return;
                }
                thread::sleep(pause);
            }
        }
    }
}
