//! The six forges and, by name, what each does differently: the one table the server consults.
//!
//! Sources: Forgejo server 2026-07 (15 and 16), Gitea server 1.25 and 1.27, the GitHub runner 2.336, `@actions/artifact`
//! 1.1 to 6.2, GitHub's REST documentation. What was inferred and not read is marked "inferred" at its quirk.

/// A forge of one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Personality {
    /// github.com, 2026.
    GitHub,
    /// GitHub Enterprise Server: artifacts of the third protocol only.
    Ghes,
    /// Forgejo 15: no REST artifacts.
    Forgejo15,
    /// Forgejo 16: REST artifacts as a bare array.
    Forgejo16,
    /// Gitea 1.25.
    Gitea125,
    /// Gitea 1.27: raw files, artifacts of this attempt only.
    Gitea127,
}

/// Which family a forge belongs to: environment variables and error texts follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// github.com and GHES.
    GitHub,
    /// Forgejo 15 and 16.
    Forgejo,
    /// Gitea 1.25 and 1.27.
    Gitea,
}

/// Where the third artifact protocol (`_apis/pipelines`) leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PipelinesV3 {
    /// Closed in January 2025; the answer, 404, is inferred.
    Closed,
    /// GHES: file containers, with rows for folders. The shape is inferred from the client's types.
    Containers,
    /// Forgejo and Gitea: `artifacts/<md5 of the name>/upload` and `/download_url`.
    Hashed,
}

/// What `GET /repos/{o}/{r}/actions/runs/{id}/artifacts` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestArtifacts {
    /// No such route: 404.
    Absent,
    /// `{"total_count": n, "artifacts": […]}`.
    Object,
    /// `[…]`, with the total in `X-Total-Count`.
    BareArray,
}

/// Headers of a signed download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DownloadHeaders {
    /// The type given at upload and `Content-Disposition`: GitHub's blob store, Gitea since raw files.
    Stored,
    /// `application/octet-stream` whatever it is, with the artifact's name as file name: Forgejo. A 6.x client does not
    /// recognise the zip and leaves it whole.
    OctetStream,
    /// The type found by looking at the bytes, and no file name: Gitea before raw files.
    Sniffed,
}

/// What a forge does differently. Each field is one quirk.
#[derive(Clone, Copy, Debug)]
pub struct Quirks {
    /// Whose environment variables and error texts.
    pub family: Family,
    /// What comes before `/repos` in every REST route.
    pub api_prefix: &'static str,

    // -- fourth artifact protocol (Twirp) --
    /// Speaks the fourth artifact protocol at all.
    pub results_v4: bool,
    /// `signedUrl`, `databaseId`: protojson; otherwise `signed_url`, `database_id`.
    pub camel_case: bool,
    /// "No artifacts" is a 404 with a text body.
    pub empty_list_is_404: bool,
    /// Rows never finalized, expired and deleted are listed as if they were there.
    pub lists_pending: bool,
    /// The list comes in any order.
    pub shuffles_list: bool,
    /// Two rows of one name in the table, and neither is listed.
    pub duplicate_names_vanish: bool,
    /// `digest` in lists.
    pub digest: bool,
    /// protojson without the field `mime_type` (6): a request that has it fails with 500 `Error decode request body`, as
    /// one with any other unknown field does on Forgejo and Gitea.
    pub refuses_mime_type: bool,
    /// `sig=` in signed URLs is padded with a raw `=`; storage-blob 12.26 and later drop it, and the signature fails.
    pub padded_signature: bool,
    /// Signed URLs lead to another host, which answers a request with `Authorization` with 400.
    pub separate_blob_origin: bool,
    /// Headers of a signed download.
    pub download_headers: DownloadHeaders,
    /// Only artifacts of this attempt are listed, on a partial re-run too (Gitea 1.27.0).
    pub attempt_scoped: bool,
    /// On a full re-run, artifacts of earlier attempts are not listed; on a partial one they are (GitHub).
    pub full_rerun_hides_earlier: bool,
    /// A second upload of a name is 409; otherwise it overwrites the row.
    pub name_conflict_409: bool,
    /// Twirp errors are JSON `{"code","msg"}`; otherwise text.
    pub twirp_json_errors: bool,
    /// The ids in the runtime token are GUIDs and not the run's number.
    pub backend_ids_are_guids: bool,

    // -- third artifact protocol --
    /// Where the third protocol leads.
    pub pipelines_v3: PipelinesV3,
    /// The v3 list shows v4 artifacts too, as `name/name.zip`.
    pub v3_lists_v4: bool,

    // -- REST --
    /// What the artifact list of a run answers.
    pub rest_artifacts: RestArtifacts,
    /// Name of the query parameter for the page size.
    pub page_size_key: &'static str,
    /// Largest page; also the size of a page when none is asked for is `default_page`.
    pub largest_page: usize,
    /// Size of a page when none is asked for.
    pub default_page: usize,
    /// `…/zip` redirects (302) to a signed URL; otherwise it answers the bytes.
    pub zip_redirects: bool,
    /// Answer to the download of an expired artifact.
    pub expired_status: u16,
    /// v3 artifacts are not in REST at all (Gitea).
    pub rest_hides_v3: bool,

    // -- posting --
    /// `page` and the page size count for comments; otherwise all come, always, without `Link`.
    pub pages_comments: bool,
    /// Most characters of a comment.
    pub comment_limit: Option<usize>,
    /// Id and login of the job's token.
    pub bot: (i64, &'static str),
    /// Statuses answer `state`; otherwise `status`.
    pub status_says_state: bool,
    /// Also `warning` and `skipped` are statuses.
    pub more_statuses: bool,
    /// Last segment of "pull requests of a commit". GitHub answers a list of all; Forgejo and Gitea answer the one pull
    /// request that was merged as that commit, and 404 for an open one (read in Gitea, inferred for Forgejo).
    pub commit_pulls: &'static str,
    /// The combined status of a commit without statuses has `"state": ""` and `"statuses": null` (inferred).
    pub empty_combined_is_null: bool,
    /// A REST request without `User-Agent` is 403.
    pub wants_user_agent: bool,
    /// `patch` in the files of a pull request and of a comparison.
    pub patches: bool,
    /// `x-ratelimit-…` in every REST answer.
    pub counts_requests: bool,
    /// `GET /user` is refused to the job's token.
    pub user_is_forbidden: bool,
    /// `head=owner:branch` filters the list of pull requests; otherwise it is ignored (inferred for Forgejo and Gitea).
    pub pulls_filter_by_head: bool,
}

const GITHUB: Quirks = Quirks {
    family: Family::GitHub,
    api_prefix: "",
    results_v4: true,
    camel_case: false,
    empty_list_is_404: false,
    lists_pending: false,
    shuffles_list: false,
    duplicate_names_vanish: false,
    digest: true,
    refuses_mime_type: false,
    padded_signature: false,
    separate_blob_origin: true,
    download_headers: DownloadHeaders::Stored,
    attempt_scoped: false,
    full_rerun_hides_earlier: true,
    name_conflict_409: true,
    twirp_json_errors: true,
    backend_ids_are_guids: true,
    pipelines_v3: PipelinesV3::Closed,
    v3_lists_v4: false,
    rest_artifacts: RestArtifacts::Object,
    page_size_key: "per_page",
    largest_page: 100,
    default_page: 30,
    zip_redirects: true,
    expired_status: 410,
    rest_hides_v3: false,
    pages_comments: true,
    comment_limit: Some(65_536),
    bot: (41_898_282, "github-actions[bot]"),
    status_says_state: true,
    more_statuses: false,
    commit_pulls: "pulls",
    empty_combined_is_null: false,
    wants_user_agent: true,
    patches: true,
    counts_requests: true,
    user_is_forbidden: true,
    pulls_filter_by_head: true,
};

const GHES: Quirks = Quirks {
    api_prefix: "/api/v3",
    results_v4: false,
    separate_blob_origin: false,
    pipelines_v3: PipelinesV3::Containers,
    name_conflict_409: false,
    digest: false,
    // Off by default.
    counts_requests: false,
    ..GITHUB
};

const FORGEJO15: Quirks = Quirks {
    family: Family::Forgejo,
    api_prefix: "/api/v1",
    results_v4: true,
    camel_case: true,
    empty_list_is_404: true,
    lists_pending: true,
    shuffles_list: true,
    duplicate_names_vanish: true,
    digest: false,
    refuses_mime_type: true,
    padded_signature: true,
    separate_blob_origin: false,
    download_headers: DownloadHeaders::OctetStream,
    attempt_scoped: false,
    full_rerun_hides_earlier: false,
    name_conflict_409: false,
    twirp_json_errors: false,
    backend_ids_are_guids: false,
    pipelines_v3: PipelinesV3::Hashed,
    v3_lists_v4: true,
    rest_artifacts: RestArtifacts::Absent,
    page_size_key: "limit",
    largest_page: 50,
    default_page: 30,
    zip_redirects: false,
    expired_status: 404,
    rest_hides_v3: false,
    pages_comments: false,
    comment_limit: None,
    bot: (-2, "forgejo-actions"),
    status_says_state: false,
    more_statuses: true,
    commit_pulls: "pull",
    empty_combined_is_null: true,
    wants_user_agent: false,
    patches: false,
    counts_requests: false,
    user_is_forbidden: false,
    pulls_filter_by_head: false,
};

const FORGEJO16: Quirks = Quirks { rest_artifacts: RestArtifacts::BareArray, ..FORGEJO15 };

const GITEA125: Quirks = Quirks {
    family: Family::Gitea,
    empty_list_is_404: false,
    lists_pending: false,
    download_headers: DownloadHeaders::Sniffed,
    rest_artifacts: RestArtifacts::Object,
    zip_redirects: true,
    rest_hides_v3: true,
    bot: (-2, "gitea-actions"),
    ..FORGEJO15
};

const GITEA127: Quirks = Quirks {
    refuses_mime_type: false,
    padded_signature: false,
    download_headers: DownloadHeaders::Stored,
    attempt_scoped: true,
    ..GITEA125
};

impl Personality {
    /// All six, in the order of the tables.
    pub const ALL: [Self; 6] =
        [Self::GitHub, Self::Ghes, Self::Forgejo15, Self::Forgejo16, Self::Gitea125, Self::Gitea127];

    /// What this forge does differently.
    pub fn quirks(self) -> &'static Quirks {
        match self {
            Self::GitHub => &GITHUB,
            Self::Ghes => &GHES,
            Self::Forgejo15 => &FORGEJO15,
            Self::Forgejo16 => &FORGEJO16,
            Self::Gitea125 => &GITEA125,
            Self::Gitea127 => &GITEA127,
        }
    }

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::Ghes => "ghes",
            Self::Forgejo15 => "forgejo15",
            Self::Forgejo16 => "forgejo16",
            Self::Gitea125 => "gitea125",
            Self::Gitea127 => "gitea127",
        }
    }

    /// The forge of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|personality| personality.name() == name)
    }
}
