//! The pages of `docs/`: each block of Rust on them is compiled, and run unless it says `no_run`. What `README.md` shows is
//! the two programs of this package, and a test runs them.
//!
//! A page with Rust on it has a line below; `.ci/check documents` knows.

use std::env;

/// Where the server of the README listens. The test chooses another address than the README's, so that it does not get in the
/// way of anything.
pub fn address() -> String {
    env::var("README_ADDRESS").unwrap_or_else(|_| "127.0.0.1:3000".into())
}

/// The same for its client.
pub fn url() -> String {
    format!("http://{}", address())
}

macro_rules! pages {
    ($($name:ident: $file:literal;)*) => {$(
        #[cfg(doctest)]
        #[doc = include_str!($file)]
        mod $name {}
    )*};
}

pages! {
    behind_nginx: "../behind-nginx.md";
    concepts: "../concepts.md";
    cors_and_origins: "../cors-and-origins.md";
    delivery_and_order: "../delivery-and-order.md";
    from_flask_socketio: "../from-flask-socketio.md";
    from_javascript: "../from-javascript.md";
    testing_your_app: "../testing-your-app.md";
    writing_a_codec: "../writing-a-codec.md";
    writing_a_transport: "../writing-a-transport.md";
}
