//! Who asks, what they may do, and how the forge says no.

use serde_json::json;

use super::personality::Family;
use super::routes::Call;
use super::wire::{Reply, now};
use super::world::{Access, Permissions};

/// An error in the forge's words: GitHub's message, and Forgejo's and Gitea's.
pub fn error(call: &Call<'_>, status: u16, github: &str, others: &str) -> Reply {
    let body = match call.world.personality.quirks().family {
        Family::GitHub => {
            json!({"message": github, "documentation_url": "https://docs.github.com/rest", "status": status.to_string()})
        }
        Family::Forgejo | Family::Gitea => {
            json!({"errors": [], "message": others, "url": format!("{}/api/swagger", call.forge)})
        }
    };
    Reply::json(status, &body)
}

/// The author behind the request's token, or the refusal: 401 for a token nobody knows, 403 for one that may not.
/// The repository is public: to read it takes no token.
pub fn need(
    call: &mut Call<'_>,
    of: impl Fn(&Permissions) -> Access,
    wanted: Access,
) -> Result<Option<(i64, String)>, Reply> {
    let Some(credential) = call.request.credential() else {
        if wanted == Access::Read {
            return Ok(None);
        }
        return Err(error(call, 401, "Requires authentication", "token is required"));
    };
    if credential == call.world.runtime_token {
        call.world.violations.push(format!("the runtime token was sent to {}", call.request.path));
    }
    let Some(token) = call.world.tokens.get(credential) else {
        return Err(error(call, 401, "Bad credentials", "invalid username, password or token"));
    };
    if of(&token.permissions) >= wanted {
        return Ok(Some(token.author.clone()));
    }
    Err(error(call, 403, "Resource not accessible by integration", "user should have a permission to write to a repo"))
}

/// Whether the request carries the runtime token of a job that still runs; otherwise the refusal.
pub fn need_runtime(call: &mut Call<'_>) -> Result<(), Reply> {
    let quirks = call.world.personality.quirks();
    let credential = call.request.credential().map(str::to_owned);
    if credential.as_deref().is_some_and(|token| call.world.tokens.contains_key(token)) {
        call.world.violations.push(format!("an API token was sent to {}", call.request.path));
    }
    let known = credential.as_deref() == Some(call.world.runtime_token.as_str());
    match (known, quirks.twirp_json_errors) {
        (true, false) if !call.world.job_runs => {
            Err(Reply::text(500, "Error runner api getting task: task is not running"))
        }
        (true, _) => Ok(()),
        (false, true) => Err(Reply::json(401, &json!({"code": "unauthenticated", "msg": "token is not valid"}))),
        (false, false) if credential.is_none() => Err(Reply::text(401, "Bad authorization header")),
        (false, false) => Err(Reply::text(500, "Error runner api getting task")),
    }
}

/// Counts a REST request as GitHub does: the answer, or 403 when none are left.
pub fn counted(call: &mut Call<'_>, handler: impl FnOnce(&mut Call<'_>) -> Reply) -> Reply {
    let reply = match call.world.requests_left.checked_sub(1) {
        Some(left) => {
            call.world.requests_left = left;
            handler(call)
        }
        None => limited("API rate limit exceeded for installation ID 1."),
    };
    reply
        .with("x-ratelimit-limit", "1000")
        .with("x-ratelimit-remaining", call.world.requests_left.to_string())
        .with("x-ratelimit-reset", (now() + 3600).to_string())
}

/// GitHub's answer to too many requests, without its headers.
pub fn limited(message: &str) -> Reply {
    Reply::json(403, &json!({"message": message, "documentation_url": "https://docs.github.com/rest"}))
}

/// A page of `rows`, with `Link` and totals as the forge writes them.
pub fn page<T>(call: &Call<'_>, rows: Vec<T>) -> (Vec<T>, Vec<(String, String)>) {
    let quirks = call.world.personality.quirks();
    let total = rows.len();
    let size = call.request.number(quirks.page_size_key).filter(|size| *size > 0).unwrap_or(quirks.default_page);
    let size = size.min(quirks.largest_page);
    let number = call.request.number("page").unwrap_or(1).max(1);
    let last = total.div_ceil(size).max(1);
    let mut headers = Vec::new();
    if quirks.family != Family::GitHub {
        headers.push(("x-total-count".to_owned(), total.to_string()));
    }
    let mut links = Vec::new();
    let others: String = call
        .request
        .query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("page="))
        .collect::<Vec<_>>()
        .join("&");
    let mut link = |page: usize, rel: &str| {
        let and = if others.is_empty() { "" } else { "&" };
        links.push(format!("<{}{}?{others}{and}page={page}>; rel=\"{rel}\"", call.forge, call.request.path));
    };
    if number < last {
        link(number + 1, "next");
        link(last, "last");
    }
    if number > 1 {
        link(1, "first");
        link(number - 1, "prev");
    }
    if !links.is_empty() {
        headers.push(("link".to_owned(), links.join(", ")));
    }
    (rows.into_iter().skip((number - 1) * size).take(size).collect(), headers)
}
