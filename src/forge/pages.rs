//! Lists that come in pages.

use std::fmt::Write as _;

use serde::de::DeserializeOwned;

use super::client::{Call, Client};
use super::error::ForgeError;

/// More pages than this are not read: a hundred entries each, this is no list that people look at.
const MOST: usize = 200;

/// Every page from `route` on. The end is a page whose `Link` names no next one, never an empty page: a forge that ignores `page`
/// gives the same list for ever.
pub(super) async fn pages<T: DeserializeOwned>(
    client: &Client,
    doing: &str,
    needs: &str,
    route: String,
) -> Result<Vec<T>, ForgeError> {
    let mut all = Vec::new();
    let mut seen = Vec::new();
    let mut next = Some(route);
    while let Some(route) = next.filter(|route| seen.len() < MOST && !seen.contains(route)) {
        let answer = client.get::<T>(&Call::new(doing, &route).needs(needs)).await?;
        next = answer.next_page();
        all.push(answer.body);
        seen.push(route);
    }
    Ok(all)
}

/// The query for pages as large as the forge gives them: `per_page=100`.
pub(super) fn largest((name, size): (&str, usize)) -> String {
    format!("{name}={size}")
}

/// A part of a route's query: everything but letters, digits and `-._~` as percent escapes.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for &byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::capability::Capability;
    use crate::forge::client::Identity;
    use crate::forge::context::Forge;
    use crate::forge::runtime::block_on;
    use crate::forge::test_server::{Reply, Server};
    use crate::forge::transport::{Settings, Transport};

    /// The pages that these replies make, and the request lines.
    fn read(replies: Vec<Reply>) -> (Vec<Vec<u32>>, Vec<String>) {
        let server = Server::new(replies);
        let pages = block_on(async {
            let transport = Transport::new(&|_| None, Settings::default())?;
            let capability = Capability::of(Forge::GitHub, "");
            let client = Client::new(&transport, &server.origin, Identity::Api(None), capability)?;
            pages(&client, "list", "", "/list?per_page=100".to_owned()).await
        });
        let asked = server.asked();
        let lines = asked.iter().map(|text| text.lines().next().unwrap_or_default().to_owned());
        (pages.expect("pages"), lines.collect())
    }

    fn page(link: &str, body: &str) -> Reply {
        Reply::of("200 OK", &["content-type: application/json", link], body)
    }

    #[test]
    fn links_are_followed_to_the_last_page() {
        let first = page(r#"link: <https://other.example/list?per_page=100&page=2>; rel="next""#, "[1,2]");
        let (pages, asked) = read(vec![first, page("x: y", "[3]")]);
        assert_eq!(pages, [vec![1, 2], vec![3]]);
        assert_eq!(asked[1], "GET /list?per_page=100&page=2 HTTP/1.1", "at the origin that was asked, not elsewhere");
    }

    #[test]
    fn a_forge_that_pages_in_a_circle_is_left() {
        let (pages, asked) = read(vec![page(r#"link: </list?page=2>; rel="next""#, "[1]")]);
        assert_eq!((pages.len(), asked.len()), (2, 2));
        let (pages, _) = read(vec![Reply::json("[1]")]);
        assert_eq!(pages.len(), 1, "no `Link`, no further page");
    }

    #[test]
    fn a_query_holds_nothing_but_itself() {
        assert_eq!(encoded("octo:feat/ä b&c"), "octo%3Afeat%2F%C3%A4%20b%26c");
    }
}
