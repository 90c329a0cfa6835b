//! The Socket.IO client. Empty so far: the protocol crates come first.
