//! Servers of others, as processes on free ports.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// One kind of server, and what it can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    command: &'static [&'static str],
    variant: Option<&'static str>,
    pub(crate) revision_3: bool,
    pub(crate) msgpack: bool,
    pub(crate) recovery: bool,
    /// It can close the connection under a namespace, and says why sockets left.
    pub(crate) is_node: bool,
    /// It handles events of one client side by side, and may send something else between an event and its binary data.
    pub(crate) threads: bool,
}

const NODE: Kind = Kind {
    name: "",
    command: &[],
    variant: None,
    revision_3: false,
    msgpack: false,
    recovery: false,
    is_node: true,
    threads: false,
};

pub(crate) const KINDS: [Kind; 8] = [
    Kind {
        name: "socket.io 4.8",
        command: &["node", "peers/node.js", "socket.io-4.8"],
        ..NODE
    },
    Kind {
        name: "socket.io 3.1",
        command: &["node", "peers/node.js", "socket.io-3.1"],
        ..NODE
    },
    Kind {
        name: "socket.io 2.5",
        command: &["node", "peers/node.js", "socket.io-2.5"],
        revision_3: true,
        ..NODE
    },
    Kind {
        name: "socket.io 4.8 with MessagePack",
        command: &["node", "peers/node.js", "socket.io-4.8"],
        variant: Some("msgpack"),
        msgpack: true,
        ..NODE
    },
    Kind {
        name: "socket.io 4.8 with recovery",
        command: &["node", "peers/node.js", "socket.io-4.8"],
        variant: Some("recovery"),
        recovery: true,
        ..NODE
    },
    Kind {
        name: "python-socketio 5",
        command: &[".venv/bin/python", "peers/asgi.py"],
        is_node: false,
        ..NODE
    },
    Kind {
        name: "python-socketio 4",
        command: &[".venv-4/bin/python", "peers/asgi.py"],
        revision_3: true,
        is_node: false,
        ..NODE
    },
    Kind {
        name: "Flask-SocketIO 5",
        command: &[".venv/bin/python", "peers/flask_server.py"],
        is_node: false,
        threads: true,
        ..NODE
    },
];

impl Kind {
    /// It lets clients into namespaces that it does not know, and takes what they show from the query of the connection.
    pub(crate) fn is_python_socketio_4(&self) -> bool {
        self.revision_3 && !self.is_node
    }
}

/// A server that runs until it is dropped.
pub(crate) struct Server {
    pub(crate) kind: Kind,
    pub(crate) port: u16,
    _process: Child,
}

impl Server {
    /// Port 0 is any that is free.
    pub(crate) async fn start(kind: Kind, port: u16) -> Result<Self, String> {
        let (program, arguments) = kind.command.split_first().ok_or("no command")?;
        let mut process = Command::new(program)
            .args(arguments)
            .arg(port.to_string())
            .args(kind.variant)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        let stdout = process.stdout.take().ok_or("no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let ready = async {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(port) = line.strip_prefix("listening ") {
                    return port.parse().map_err(|error| format!("{line}: {error}"));
                }
            }
            Err("it ended".to_owned())
        };
        let port = tokio::time::timeout(Duration::from_secs(20), ready)
            .await
            .map_err(|_| "it is not ready")??;
        // Whatever else it prints must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self {
            kind,
            port,
            _process: process,
        })
    }

    pub(crate) fn url(&self, namespace: &str) -> String {
        format!("http://127.0.0.1:{}{namespace}", self.port)
    }
}
