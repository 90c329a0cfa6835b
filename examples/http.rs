//! For the tests of the examples: a request by hand, to see what a browser or `curl` would be answered.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// Sends a request such as `GET /`, perhaps with lines of headers behind it, and returns the whole answer.
pub(crate) fn request(address: &str, request: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let (first, headers) = request.split_once('\n').unwrap_or((request, ""));
    let mut head = format!(
        "{first} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for header in headers.lines() {
        head += &format!("{header}\r\n");
    }
    write!(stream, "{head}\r\n{body}").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}
