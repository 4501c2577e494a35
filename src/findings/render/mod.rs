//! A [`Report`](super::Report) as text: for people, for programs, for code scanning, for the forge's own log.
