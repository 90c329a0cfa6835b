//! Gets the official JavaScript client, which the page loads, so that the finished program needs nothing of a network.
//!
//! npm fetches it, in the version and with the hashes of `client/package-lock.json`, into the target folder; nothing that was
//! fetched is kept in the repository. A build without npm, or without a network, ends well nevertheless: the program then says
//! what is missing, and how to get it. `SOCKET_IO_CLIENT`, the path of a folder with `socket.io.min.js` and `LICENSE`, is taken
//! instead of what npm would bring.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const BUNDLE: &str = "socket.io.min.js";
const LICENCE: &str = "LICENSE";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=client");
    println!("cargo::rerun-if-env-changed=SOCKET_IO_CLIENT");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    if let Err(error) = client(&out) {
        let error = error.to_string().replace('\n', " ");
        println!("cargo::warning=the page of the chat will not work: {error}");
        println!("cargo::rustc-env=CHAT_WITHOUT_CLIENT={error}");
        // A file that is never there: cargo tries again with the next build.
        println!("cargo::rerun-if-changed={}", out.join("never").display());
        fs::write(out.join(BUNDLE), "")?;
        fs::write(out.join(LICENCE), "")?;
    }
    Ok(())
}

/// Puts the bundle and its licence into `out`.
fn client(out: &Path) -> Result<(), Box<dyn Error>> {
    if let Some(folder) = env::var_os("SOCKET_IO_CLIENT") {
        let folder = PathBuf::from(folder);
        return copy(&folder.join(BUNDLE), &folder.join(LICENCE), out);
    }
    let work = out.join("npm");
    fs::create_dir_all(&work)?;
    for name in ["package.json", "package-lock.json", ".npmrc"] {
        fs::copy(Path::new("client").join(name), work.join(name))?;
    }
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let output = Command::new(npm)
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&work)
        .output()
        .map_err(|error| {
            format!("npm, which fetches the JavaScript client, does not run: {error}")
        })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let line = said
            .lines()
            .find(|line| line.contains("error"))
            .unwrap_or("npm ci failed");
        return Err(format!("npm did not fetch the JavaScript client: {line}").into());
    }
    let package = work.join("node_modules").join("socket.io-client");
    copy(
        &package.join("dist").join(BUNDLE),
        &package.join(LICENCE),
        out,
    )
}

fn copy(bundle: &Path, licence: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    for (from, name) in [(bundle, BUNDLE), (licence, LICENCE)] {
        fs::copy(from, out.join(name)).map_err(|error| format!("{}: {error}", from.display()))?;
    }
    Ok(())
}
