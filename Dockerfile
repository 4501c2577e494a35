# The image of the action: one static binary, the roots of public authorities, an empty /tmp.
#
# The C library is glibc, linked in, and not musl: musl's allocator takes one lock for all threads, and the binary that
# ships should be one that every development machine can build and test. From 2.34 on (bookworm has 2.36) glibc resolves
# names without loading a module, so nothing is missing in an empty image.
#
# No line names an architecture: built on arm64 this is an arm64 image. `.ci/release-image` puts several under one name.
# No `# syntax=`, `RUN --mount` or here-document either: act and the runners of Forgejo and Gitea build without BuildKit.
FROM rust:1.95.0-bookworm AS build
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY .cargo .cargo/
COPY .ci/image-root .ci/
COPY src src/
RUN [".ci/image-root", "/image"]

FROM scratch
LABEL org.opencontainers.image.title="ci-lint" \
      org.opencontainers.image.description="Collects the coverage data of all jobs of a run, judges, reports and posts" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /image/ /
# No shell: it would drop inputs, whose variables have dashes. No USER and no WORKDIR: the runner's folders belong to root,
# and the runner chooses where to start.
ENTRYPOINT ["/ci-lint", "apply"]
