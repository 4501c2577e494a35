use std::time::SystemTime;

use http::header::LINK;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::*;
use crate::forge::context::Forge;
use crate::forge::runtime::block_on;
use crate::forge::test_server::{Reply, Server};

const CANARY: &str = "canary-4f1d-token";

fn quick() -> Settings {
    Settings {
        connect: Duration::from_millis(500),
        answer: Duration::from_millis(200),
        stall: Duration::from_millis(200),
        total: Duration::from_secs(5),
        attempts: 3,
        first_wait: Duration::from_millis(5),
        patience: Duration::from_secs(2),
        largest_text: 4096,
    }
}

fn env(_: &str) -> Option<String> {
    None
}

/// A client of `forge` with the canary token.
fn client(server: &Server, forge: Forge) -> Result<Client, ForgeError> {
    let transport = Transport::new(&env, quick())?;
    let secret = Secret::new(CANARY).expect("a secret");
    Client::new(&transport, &server.origin, Identity::Api(Some(&secret)), Capability::of(forge, ""))
}

/// What `GET /x` gives against these replies.
fn get(replies: Vec<Reply>) -> (Server, Result<Answer<Value>, ForgeError>) {
    let server = Server::new(replies);
    let answer = block_on(async { client(&server, Forge::GitHub)?.get(&call()).await });
    (server, answer)
}

fn call() -> Call<'static> {
    Call::new("list the comments", "/x?a=1").needs("`pull-requests: write`")
}

/// The error's texts, for people and for debugging; neither may hold the token.
fn message_of<T: fmt::Debug>(answer: Result<T, ForgeError>) -> String {
    let error = answer.expect_err("an error");
    assert!(!format!("{error:?}").contains("4f1d") && !error.to_string().contains("4f1d"), "{error:?}");
    error.to_string()
}

#[test]
fn a_request_carries_the_token_and_the_forges_own_headers() {
    for (forge, version) in [(Forge::GitHub, true), (Forge::Ghes, true), (Forge::Forgejo, false), (Forge::Gitea, false)]
    {
        let server = Server::new(vec![Reply::json(r#"{"ok":true}"#)]);
        let answer: Answer<Value> =
            block_on(async { client(&server, forge)?.post(&call(), &json!({"body": "ä"})).await }).expect("an answer");
        assert_eq!(answer.body, json!({"ok": true}));
        let asked = server.asked().pop().expect("a request");
        assert!(asked.starts_with("POST /x?a=1 HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains(&format!("authorization: Bearer {CANARY}\r\n")), "{asked}");
        assert!(asked.contains("user-agent: ci-lint/"), "{asked}");
        assert_eq!(asked.contains("x-github-api-version: 2022-11-28"), version, "{asked}");
        assert_eq!(asked.contains("accept: application/vnd.github+json"), version, "{asked}");
        assert!(asked.ends_with("{\"body\":\"ä\"}"), "{asked}");
    }
}

#[test]
fn errors_say_what_to_do_and_never_hold_the_token() {
    let echo = format!(r#"{{"message":"token {CANARY} is bad"}}"#);
    let (_, answer) = get(vec![Reply::of("401 Unauthorized", &[], &echo)]);
    let text = message_of(answer);
    assert!(text.contains("cannot list the comments (GET http://127.0.0.1:"), "{text}");
    assert!(text.contains("(401: token *** is bad); is it expired, mistyped"), "{text}");

    let refused = r#"{"message":"Resource not accessible by integration","documentation_url":"…"}"#;
    let (server, answer) = get(vec![Reply::of("403 Forbidden", &[], refused)]);
    let text = message_of(answer);
    assert!(text.contains("add `pull-requests: write` to the job's `permissions:`"), "{text}");
    assert_eq!(server.asked().len(), 1, "a 403 is not tried again");

    let (_, answer) = get(vec![Reply::of("404 Not Found", &[], "404 page not found\n")]);
    let text = message_of(answer);
    assert!(
        text.contains("not found (404: 404 page not found); a token without `pull-requests: write` sees"),
        "{text}"
    );

    let invalid = r#"{"message":"Validation Failed","errors":[{"message":"Body is too long"}]}"#;
    let (_, answer) = get(vec![Reply::of("422 Unprocessable Entity", &[], invalid)]);
    assert!(message_of(answer).ends_with("refuses the request (422: Validation Failed: Body is too long)"));

    let login = format!("<!DOCTYPE html><html><body>log in {CANARY}</body>");
    let (_, answer) = get(vec![Reply::of("200 OK", &["content-type: text/html"], login)]);
    let text = message_of(answer);
    assert!(text.contains("expected JSON, got text/html beginning with `<!DOCTYPE html>"), "{text}");

    let (_, answer) = get(vec![Reply::of("200 OK", &["content-type: application/json"], "x".repeat(5000))]);
    assert!(message_of(answer).contains("larger than 4096 bytes"));
}

#[test]
fn what_passes_is_tried_again_for_a_read() {
    let bad = Reply::of("502 Bad Gateway", &["content-type: text/html"], "<html>nginx</html>");
    let (server, answer) = get(vec![bad.clone(), Reply::HangUp, Reply::json("[1]")]);
    assert_eq!(answer.expect("an answer").body, json!([1]));
    assert_eq!(server.asked().len(), 3);

    let (server, answer) = get(vec![bad]);
    let text = message_of(answer);
    assert!(text.contains("has a problem (502: an HTML page), in 3 attempts"), "{text}");
    assert_eq!(server.asked().len(), 3);

    let (_, answer) = get(vec![Reply::HangUp]);
    let text = message_of(answer);
    assert!(text.contains("the server ended the connection") && text.ends_with("in 3 attempts"), "{text}");
}

#[test]
fn a_write_is_repeated_only_when_it_had_no_effect() {
    for reply in
        [Reply::of("500 Internal Server Error", &[], ""), Reply::HangUp, Reply::Silence(Duration::from_secs(1))]
    {
        let server = Server::new(vec![reply, Reply::json("{}")]);
        let answer: Result<Answer<Value>, _> =
            block_on(async { client(&server, Forge::Gitea)?.post(&call(), &json!({})).await });
        message_of(answer);
        assert_eq!(server.asked().len(), 1);
    }
    let limited = Reply::of("429 Too Many Requests", &["retry-after: 0"], "");
    let server = Server::new(vec![limited, Reply::json("{}")]);
    let answer: Result<Answer<Value>, _> =
        block_on(async { client(&server, Forge::Gitea)?.patch(&call(), &json!({})).await });
    answer.expect("an answer");
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn a_limit_is_waited_for_within_a_budget() {
    let soon = Reply::of("429 Too Many Requests", &["retry-after: 1"], "");
    let begin = std::time::Instant::now();
    let (_, answer) = get(vec![soon, Reply::json("{}")]);
    answer.expect("an answer");
    assert!(begin.elapsed() >= Duration::from_secs(1));

    let late = r#"{"message":"API rate limit exceeded for installation"}"#;
    let reset = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock").as_secs() + 900;
    let headers = ["x-ratelimit-remaining: 0".to_owned(), format!("x-ratelimit-reset: {reset}")];
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    let (server, answer) = get(vec![Reply::of("403 Forbidden", &headers, late)]);
    let text = message_of(answer);
    let wait = text.split("limit on requests is used up for another ").nth(1).and_then(|rest| rest.split(' ').next());
    let wait: u64 = wait.and_then(|wait| wait.parse().ok()).unwrap_or_else(|| panic!("{text}"));
    // The machine may be slow.
    assert!((800..=901).contains(&wait) && text.contains("2 s is all we wait"), "{text}");
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn silence_and_drips_end() {
    let begin = std::time::Instant::now();
    let (server, answer) = get(vec![Reply::Silence(Duration::from_secs(3))]);
    let text = message_of(answer);
    assert!(text.contains("no answer within 200 ms, in 3 attempts"), "{text}");
    assert_eq!(server.asked().len(), 3);
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{";
    let (_, answer) = get(vec![Reply::Bytes(head.to_vec())]);
    assert!(message_of(answer).contains("the server ended the connection"));
    let slow = Reply::Drip(b"HTTP/1.1 200 OK\r\n".to_vec(), Duration::from_millis(50));
    let (_, answer) = get(vec![slow]);
    assert!(message_of(answer).contains("no answer within 200 ms"));
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
}

#[test]
fn redirects_are_followed_without_the_token_on_other_hosts() {
    let other = Server::new(vec![Reply::json(r#"{"from":"other"}"#)]);
    let to_other = Reply::of("302 Found", &[&format!("location: {}/blob?sig=s", other.origin)], "");
    let to_own = Reply::of("307 Temporary Redirect", &["location: /moved"], "");
    let (server, answer) = get(vec![to_own, to_other.clone()]);
    assert_eq!(answer.expect("an answer").body, json!({"from": "other"}));
    let own = server.asked();
    assert!(own[1].starts_with("GET /moved HTTP") && own[1].contains(CANARY), "{own:?}");
    let asked = other.asked().pop().expect("a request");
    assert!(asked.starts_with("GET /blob?sig=s HTTP") && !asked.contains("authorization"), "{asked}");
    assert!(!asked.contains("x-github"), "{asked}");

    let (server, answer) = get(vec![Reply::of("302 Found", &["location: /x"], "")]);
    assert!(message_of(answer).contains("more than 5 redirects"));
    assert_eq!(server.asked().len(), 6);
    let (_, answer) = get(vec![Reply::of("302 Found", &["location: file:///etc/passwd"], "")]);
    assert!(message_of(answer).contains("no address of the web"));

    let server = Server::new(vec![to_other]);
    let answer: Result<Answer<Value>, _> =
        block_on(async { client(&server, Forge::Gitea)?.post(&call(), &json!({})).await });
    let text = message_of(answer);
    assert!(text.contains("only reading follows") && !text.contains("sig="), "{text}");
    assert_eq!(other.asked().len(), 1);
}

#[test]
fn a_route_cannot_lead_to_another_origin() {
    let server = Server::new(vec![Reply::json("{}")]);
    for route in ["//evil.example/x", "https://evil.example/x", "\\\\evil.example\\x"] {
        let answer: Result<Answer<Value>, _> =
            block_on(async { client(&server, Forge::GitHub)?.get(&Call::new("look", route)).await });
        assert!(message_of(answer).contains("no route of http://127.0.0.1"), "{route}");
    }
    assert_eq!(server.asked().len(), 0);
}

#[test]
fn the_next_page_is_a_route_of_the_same_origin() {
    let of = |header: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(LINK, header.parse().expect("a header"));
        Answer { status: StatusCode::OK, headers, body: () }.next_page()
    };
    let two = "<https://api.github.com/r/1/c?per_page=100&page=1,2>; rel=\"prev\", <https://evil.example/r/1/c?page=3>; rel=\"next\"";
    assert_eq!(of(two).as_deref(), Some("/r/1/c?page=3"));
    assert_eq!(of("<https://x.example/a?page=9>; rel=\"last\""), None);
    assert_eq!(of("<https://x.example/a?page=2>; foo=\"<\"; rel=next").as_deref(), None);
    assert_eq!(of("nonsense"), None);
}

#[test]
fn an_address_or_a_token_that_cannot_be_used_is_named() {
    let transport = Transport::new(&env, quick()).expect("a transport");
    let make = |origin: &str, secret: &str| {
        let secret = Secret::new(secret);
        let identity = Identity::Api(secret.as_ref());
        block_on(async { Client::new(&transport, origin, identity, Capability::of(Forge::GitHub, "")).map(|_| ()) })
    };
    assert!(make("http://u:p@x.example", "").expect_err("no").to_string().contains("`http://x.example` is no address"));
    assert!(make("ftp://x.example", "").is_err());
    let error = make("https://x.example", "a\nb-4f1d").expect_err("no").to_string();
    assert!(error.contains("no header can carry") && !error.contains("4f1d"), "{error}");
    let outside = Client::new(&transport, "http://x.example", Identity::Api(None), Capability::of(Forge::GitHub, ""));
    assert!(outside.expect_err("no runtime").to_string().contains("runtime"));
}

#[test]
fn no_connection_is_said_and_tried_again() {
    // A port that was just free has no listener.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let transport = Transport::new(&env, quick()).expect("a transport");
    let answer: Result<Answer<Value>, _> = block_on(async {
        let identity = Identity::Api(None);
        let client = Client::new(&transport, &format!("http://{free}"), identity, Capability::of(Forge::GitHub, ""))?;
        client.post(&call(), &json!({})).await
    });
    let text = message_of(answer);
    assert!(text.contains("no connection: ") && text.ends_with("in 3 attempts"), "{text}");
}

#[test]
fn a_wait_grows_and_is_never_the_same_for_all() {
    let first = Duration::from_secs(1);
    for tries in 1..6 {
        let longest = first * (1 << (tries - 1));
        let wait = backoff(first, tries);
        assert!(longest / 2 <= wait && wait <= longest, "{tries}: {wait:?}");
    }
    assert!((0..20).map(|_| backoff(first, 3)).collect::<std::collections::HashSet<_>>().len() > 1);
}
