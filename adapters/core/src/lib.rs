//! What servers and adapters agree on. Empty so far: the protocol crates come first.
