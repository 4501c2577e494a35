// What each client meets at each forge. This table is the point of the whole check: facts about real servers, one a line.

/** Versions, by the first number: what `@actions/artifact` is called in package.json. */
export const CLIENTS = { 1: "1.1.2", 2: "2.3.2", 5: "5.0.3", 6: "6.2.1" };

export const FORGES = ["github", "ghes", "forgejo15", "forgejo16", "gitea125", "gitea127"];

/** Why an upload is refused, by the name in the table below. */
export const REFUSALS = {
  // github.com closed the third protocol in January 2025.
  closed: { message: /^Create Artifact Container failed: Artifact service responded with 404$/, route: "Any", status: 404, requests: 1 },
  // The clients themselves know no fourth protocol on GHES, and ask nobody.
  ghes: { message: /^@actions\/artifact v2\.0\.0\+, upload-artifact@v4\+ and download-artifact@v4\+ are not currently supported on GHES\.$/, name: "GHESNotSupportedError", requests: 0 },
  // protojson without the field: 500 with a text, five attempts of the client.
  mime_type: { message: /^Failed to CreateArtifact: Failed to make request after 5 attempts: Unexpected token 'E', "Error deco.*is not valid JSON/, route: "TwirpCreate", status: 500, requests: 5 },
  // storage-blob 12.26 and later drop the `=` at the end of the signature.
  padding: { statusCode: 401, message: /^Error unauthorized$/m, route: "BlobPut", status: 401, requests: 1 },
};

/** `works`, or a refusal. */
export const UPLOADS = {
  1: { github: "closed", ghes: "works", forgejo15: "works", forgejo16: "works", gitea125: "works", gitea127: "works" },
  2: { github: "works", ghes: "ghes", forgejo15: "works", forgejo16: "works", gitea125: "works", gitea127: "works" },
  5: { github: "works", ghes: "ghes", forgejo15: "padding", forgejo16: "padding", gitea125: "padding", gitea127: "works" },
  6: { github: "works", ghes: "ghes", forgejo15: "mime_type", forgejo16: "mime_type", gitea125: "mime_type", gitea127: "works" },
};

/** The forge hands out a v4 zip as `application/octet-stream`; the 6.x client then leaves it as it is. */
export const zipIsLeftWhole = (client, forge) => client === 6 && forge.startsWith("forgejo");

/** Lists carry a digest. */
export const hasDigest = (forge) => forge === "github";
