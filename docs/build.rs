//! Takes the two programs out of `README.md`: its first block of Rust is the server, its second one the client.
//!
//! One thing is changed in each: the address is asked for, see `docs::address`.

use std::{env, fs, path::Path};

fn main() {
    println!("cargo::rerun-if-changed=../README.md");
    let readme = fs::read_to_string("../README.md").expect("README.md can be read");
    let blocks: Vec<_> = readme
        .split("\n```rust\n")
        .skip(1)
        .map(|rest| rest.split("\n```").next().unwrap_or(rest))
        .collect();
    let [server, client] = blocks[..] else {
        panic!(
            "README.md has {} blocks of Rust, not a server and a client",
            blocks.len()
        );
    };
    write(
        "server.rs",
        server,
        r#"listen("127.0.0.1:3000")"#,
        "listen(docs::address())",
    );
    write(
        "client.rs",
        client,
        r#"builder("http://127.0.0.1:3000")"#,
        "builder(&docs::url())",
    );
}

fn write(name: &str, block: &str, fixed: &str, asked: &str) {
    let changed = block.replacen(fixed, asked, 1);
    assert_ne!(changed, block, "the block for {name} has no {fixed}");
    let folder = env::var("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&folder).join(name), changed).expect("the output folder can be written");
}
