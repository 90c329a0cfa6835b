//! Waiting until a client has taken what it was sent.

use std::sync::Arc;

use engineio_proto::server::Session;

use crate::error::EmitError;
use crate::member::{Member, Phase};

/// Resolves when the client is owed less than half of what it may be.
pub(crate) async fn wait(member: &Arc<Member>) -> Result<(), EmitError> {
    loop {
        let client = match member.phase() {
            // What is sent then waits elsewhere.
            Phase::Joining => return Ok(()),
            Phase::Entering | Phase::Joined => member.connection().ok_or(EmitError::Closed)?,
            Phase::Left => return Err(EmitError::Closed),
        };
        // Listened for before it is asked, so that nothing is missed in between.
        let mut taken = std::pin::pin!(client.local.taken.notified());
        taken.as_mut().enable();
        if !client.session(Session::is_slow) {
            return Ok(());
        }
        tokio::select! {
            () = taken => {}
            () = member.closed() => return Err(EmitError::Closed),
        }
    }
}
