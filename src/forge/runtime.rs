//! Runs the asynchronous part from blocking code: one thread is enough to wait for sockets.

use std::future::Future;

use super::error::ForgeError;

/// Runs `work` to its end on this thread.
///
/// A name look-up or an unpacking that still runs then is left behind, so that a hanging resolver does not delay the end.
///
/// # Errors
/// When the system gives no event queue; otherwise what `work` returns.
pub fn block_on<T>(work: impl Future<Output = Result<T, ForgeError>>) -> Result<T, ForgeError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|error| ForgeError::Setup(format!("the system gives no event queue: {error}")))?;
    let out = runtime.block_on(work);
    runtime.shutdown_background();
    out
}
