//! The profile `defaults`: a server of which nothing was configured.

use socketio_server::{Ack, Args, Arguments, Data, Server, Socket, Values};

use crate::arguments::Arguments as CommandLine;
use crate::host;

pub(crate) async fn serve(arguments: &CommandLine) -> Result<(), String> {
    let io = Server::new();
    for name in ["/", "/custom"] {
        let namespace = io.of(name);
        namespace.on("echo", async |Data(args): Data<Values>| Ack(args));
        namespace.on("shout", async |socket: Socket, args: Args| {
            socket
                .namespace()
                .target()
                .emit_arguments("shout", Arguments::from(&args))
        });
    }
    host::serve(arguments, "/socket.io/", io.service()).await
}
