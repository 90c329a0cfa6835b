//! One use of everything that a protocol crate must not touch.
//!
//! `.ci/check clippy` lints this file with the clippy.toml of each protocol crate, and it must pass: an `#[expect]`
//! that is not fulfilled is an error there. So a line that is lost from clippy.toml, or misspelt in it, is noticed.

pub fn methods() {
    #[expect(clippy::disallowed_methods, clippy::disallowed_types)]
    let _ = std::time::Instant::now;
    #[expect(clippy::disallowed_methods, clippy::disallowed_types)]
    let _ = std::time::Instant::elapsed;
    #[expect(clippy::disallowed_methods, clippy::disallowed_types)]
    let _ = std::time::SystemTime::now;
    #[expect(clippy::disallowed_methods, clippy::disallowed_types)]
    let _ = std::time::SystemTime::elapsed;
    #[expect(clippy::disallowed_methods)]
    let _ = std::thread::sleep;
    #[expect(clippy::disallowed_methods)]
    let _ = std::thread::park;
    #[expect(clippy::disallowed_methods)]
    let _ = std::thread::park_timeout;
    #[expect(clippy::disallowed_methods)]
    let _ = std::thread::yield_now;
    #[expect(clippy::disallowed_methods)]
    let _ = std::thread::spawn::<fn(), ()>;
    #[expect(clippy::disallowed_methods)]
    let _ = std::thread::scope::<fn(&std::thread::Scope<'_, '_>), ()>;
    #[expect(clippy::disallowed_methods)]
    let _ = std::thread::Builder::spawn::<fn(), ()>;
    #[expect(clippy::disallowed_methods)]
    let _ = std::env::var::<&str>;
    #[expect(clippy::disallowed_methods)]
    let _ = std::env::var_os::<&str>;
    #[expect(clippy::disallowed_methods)]
    let _ = std::env::vars;
    #[expect(clippy::disallowed_methods)]
    let _ = std::env::vars_os;
    #[expect(clippy::disallowed_methods)]
    let _ = std::env::current_dir;
    #[expect(clippy::disallowed_methods)]
    let _ = std::env::temp_dir;
}

pub mod types {
    #[expect(clippy::disallowed_types)]
    pub type Instant = std::time::Instant;
    #[expect(clippy::disallowed_types)]
    pub type SystemTime = std::time::SystemTime;
    #[expect(clippy::disallowed_types)]
    pub type TcpListener = std::net::TcpListener;
    #[expect(clippy::disallowed_types)]
    pub type TcpStream = std::net::TcpStream;
    #[expect(clippy::disallowed_types)]
    pub type UdpSocket = std::net::UdpSocket;
    #[expect(clippy::disallowed_types)]
    pub type UnixDatagram = std::os::unix::net::UnixDatagram;
    #[expect(clippy::disallowed_types)]
    pub type UnixListener = std::os::unix::net::UnixListener;
    #[expect(clippy::disallowed_types)]
    pub type UnixStream = std::os::unix::net::UnixStream;
}

#[expect(clippy::disallowed_types)]
pub fn resolves(_: impl std::net::ToSocketAddrs) {}
