//! The Socket.IO server. Empty so far: the protocol crates come first.
