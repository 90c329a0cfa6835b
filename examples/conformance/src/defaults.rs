//! The profile `defaults`: a server of which nothing was configured.

use socketio_server::{Ack, Args, Arguments, Data, Server, Socket, Values};

use crate::arguments::Arguments as CommandLine;
use crate::host;

pub(crate) async fn serve(arguments: &CommandLine) -> Result<(), String> {
    let io = Server::builder()
        .fallback(host::Pages::new(arguments))
        .build();
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
    host::serve(arguments, move |listener| {
        let io = io.clone();
        async move { io.serve(listener).await }
    })
    .await
}
