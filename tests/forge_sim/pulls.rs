//! Pull requests, their files and diffs, comparisons.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::access::{need, page};
use super::event::{pull_json, repo_json};
use super::personality::Family;
use super::routes::{Call, not_found};
use super::wire::Reply;
use super::world::{Access, ChangedFile, Pull};

pub fn repository(call: &mut Call<'_>) -> Reply {
    if let Err(reply) = need(call, |can| can.contents, Access::Read) {
        return reply;
    }
    Reply::json(200, &repo_json(call.world, call.forge, "octo/demo"))
}

/// A file, base64 in lines of 60 as GitHub sends it.
pub fn contents(call: &mut Call<'_>, path: &str) -> Reply {
    if let Err(reply) = need(call, |can| can.contents, Access::Read) {
        return reply;
    }
    let at = call.request.query("ref").unwrap_or_else(|| "main".to_owned());
    let Some(text) = call.world.contents.get(&(at, path.to_owned())) else { return not_found(call) };
    let encoded = STANDARD.encode(text);
    let lines: Vec<&str> = encoded.as_bytes().chunks(60).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    let content = lines.join("\n") + "\n";
    Reply::json(
        200,
        &json!({"type": "file", "path": path, "size": text.len(), "encoding": "base64", "content": content}),
    )
}

pub fn get(call: &mut Call<'_>, number: u64) -> Reply {
    if let Err(reply) = need(call, |can| can.pull_requests, Access::Read) {
        return reply;
    }
    if call.request.header("accept").is_some_and(|accept| accept.contains(".diff"))
        && call.world.personality.quirks().family == Family::GitHub
    {
        return diff(call, number);
    }
    match call.world.pull(number) {
        Some(pull) => Reply::json(200, &pull_json(call.world, call.forge, pull)),
        None => not_found(call),
    }
}

/// The pull request as an issue.
pub fn issue(call: &mut Call<'_>, number: u64) -> Reply {
    if let Err(reply) = need(call, |can| can.pull_requests, Access::Read) {
        return reply;
    }
    let Some(pull) = call.world.pull(number) else { return not_found(call) };
    let state = if pull.open { "open" } else { "closed" };
    let comments = call.world.comments.iter().filter(|comment| comment.issue == number).count();
    let user = super::comments::user_json(call, 1, "mona");
    let issue = json!({"id": 9000 + number, "number": number, "title": "A change", "state": state, "user": user,
        "comments": comments, "locked": false, "pull_request": {"merged_at": null}});
    Reply::json(200, &issue)
}

pub fn list(call: &mut Call<'_>) -> Reply {
    if let Err(reply) = need(call, |can| can.pull_requests, Access::Read) {
        return reply;
    }
    let state = call.request.query("state").unwrap_or_else(|| "open".to_owned());
    let head = call.request.query("head").filter(|_| call.world.personality.quirks().pulls_filter_by_head);
    let is = |pull: &&Pull| {
        let owner = pull.head_repo.split('/').next().unwrap_or_default();
        (state == "all" || pull.open == (state == "open"))
            && head.as_ref().is_none_or(|head| *head == format!("{owner}:{}", pull.head_ref))
    };
    let pulls: Vec<&Pull> = call.world.pulls.iter().filter(is).collect();
    let (pulls, headers) = page(call, pulls);
    let items: Vec<Value> = pulls.into_iter().map(|pull| pull_json(call.world, call.forge, pull)).collect();
    let mut reply = Reply::json(200, &json!(items));
    reply.headers.extend(headers);
    reply
}

/// GitHub: every pull request with that commit. Forgejo and Gitea: the one merged as that commit, or 404.
pub fn of_commit(call: &mut Call<'_>, sha: &str) -> Reply {
    if let Err(reply) = need(call, |can| can.pull_requests, Access::Read) {
        return reply;
    }
    let merged = |pull: &&Pull| pull.merged_as.as_deref() == Some(sha);
    if call.world.personality.quirks().commit_pulls == "pulls" {
        let of_sha = call.world.pulls.iter().filter(|pull| pull.head_sha == sha || merged(pull));
        let items: Vec<Value> = of_sha.map(|pull| pull_json(call.world, call.forge, pull)).collect();
        return Reply::json(200, &json!(items));
    }
    match call.world.pulls.iter().find(merged) {
        Some(pull) => Reply::json(200, &pull_json(call.world, call.forge, pull)),
        None => not_found(call),
    }
}

/// A commit and what came before it, newest first.
pub fn commits(call: &mut Call<'_>) -> Reply {
    if let Err(reply) = need(call, |can| can.contents, Access::Read) {
        return reply;
    }
    let mut line = Vec::new();
    let mut next = call.request.query("sha");
    while let Some(sha) = next {
        next = call.world.first_parents.get(&sha).cloned();
        let parents: Vec<Value> = next.iter().map(|parent| json!({"sha": parent})).collect();
        line.push(json!({"sha": sha, "parents": parents}));
    }
    let (items, headers) = page(call, line);
    let mut reply = Reply::json(200, &json!(items));
    reply.headers.extend(headers);
    reply
}

fn lines(file: &ChangedFile, mark: char) -> usize {
    file.patch.lines().filter(|line| line.starts_with(mark)).count()
}

fn file_json(call: &Call<'_>, file: &ChangedFile) -> Value {
    let quirks = call.world.personality.quirks();
    // Forgejo and Gitea say `changed`, `deleted`.
    let status = match (quirks.family, file.status.as_str()) {
        (Family::Forgejo | Family::Gitea, "modified") => "changed",
        (Family::Forgejo | Family::Gitea, "removed") => "deleted",
        (_, status) => status,
    };
    let (additions, deletions) = (lines(file, '+'), lines(file, '-'));
    let mut item = json!({"filename": file.path, "status": status, "additions": additions,
        "deletions": deletions, "changes": additions + deletions});
    if quirks.patches {
        item["sha"] = json!("bbcd538c8e72b8c175046e27cc8f907076331401");
        item["patch"] = json!(file.patch);
    }
    item
}

pub fn files(call: &mut Call<'_>, number: u64) -> Reply {
    if let Err(reply) = need(call, |can| can.pull_requests, Access::Read) {
        return reply;
    }
    let Some(pull) = call.world.pull(number) else { return not_found(call) };
    let (files, mut headers) = page(call, pull.files.iter().collect());
    if call.world.personality.quirks().family != Family::GitHub {
        let more = headers.iter().any(|(name, link)| name == "link" && link.contains("rel=\"next\""));
        headers.push(("x-hasmore".to_owned(), more.to_string()));
    }
    let items: Vec<Value> = files.into_iter().map(|file| file_json(call, file)).collect();
    let mut reply = Reply::json(200, &json!(items));
    reply.headers.extend(headers);
    reply
}

pub fn diff(call: &mut Call<'_>, number: u64) -> Reply {
    if let Err(reply) = need(call, |can| can.pull_requests, Access::Read) {
        return reply;
    }
    match call.world.pull(number) {
        Some(pull) => Reply::bytes(200, "text/plain; charset=utf-8", unified(&pull.files)),
        None => not_found(call),
    }
}

fn unified(files: &[ChangedFile]) -> String {
    files.iter().fold(String::new(), |mut out, file| {
        let path = &file.path;
        let _ = writeln!(out, "diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n{}", file.patch.trim_end());
        out
    })
}

/// `base...head`: the merge base and the files between. Forgejo and Gitea have names only, and no merge base.
pub fn compare(call: &mut Call<'_>, range: &str) -> Reply {
    if let Err(reply) = need(call, |can| can.contents, Access::Read) {
        return reply;
    }
    let Some((base, head)) = range.split_once("...") else { return not_found(call) };
    let is = |pull: &&Pull, head: &str| pull.head_sha == head || pull.head_ref == head;
    let pull = call.world.pulls.iter().find(|pull| is(pull, head.rsplit(':').next().unwrap_or(head)));
    let planned = call.world.merge_bases.get(&(base.to_owned(), head.to_owned()));
    let Some(merge_base) = planned.cloned().or_else(|| pull.map(|pull| pull.merge_base.clone())) else {
        return not_found(call);
    };
    let files = pull.map(|pull| pull.files.as_slice()).unwrap_or_default();
    if call.request.header("accept").is_some_and(|accept| accept.contains(".diff"))
        && call.world.personality.quirks().patches
    {
        return Reply::bytes(200, "text/plain; charset=utf-8", unified(files));
    }
    let files: Vec<Value> = files.iter().map(|file| file_json(call, file)).collect();
    let commits = json!([{"sha": pull.map_or(head, |pull| pull.head_sha.as_str()), "parents": [{"sha": merge_base}]}]);
    let body = if call.world.personality.quirks().family == Family::GitHub {
        json!({"status": "ahead", "ahead_by": 1, "behind_by": 0, "total_commits": 1,
            "base_commit": {"sha": base}, "merge_base_commit": {"sha": merge_base}, "commits": commits, "files": files})
    } else {
        let names: Vec<Value> =
            files.iter().map(|file| json!({"filename": file["filename"], "status": file["status"]})).collect();
        json!({"total_commits": 1, "commits": commits, "files": names})
    };
    Reply::json(200, &body)
}
