//! The methods by which a server is put where requests come.

/// The methods of a handle with a field `core`: `Arc<Core<_>>`.
macro_rules! door_handle {
    ($handle:ty) => {
        /// How requests reach the server.
        impl $handle {
            /// Listens, until the server is closed; then waits until what is open has ended. What is not for the server is
            /// answered 404, or by the `fallback` of the builder.
            ///
            /// # Errors
            ///
            /// The address cannot be listened on.
            pub async fn listen(
                &self,
                address: impl ::tokio::net::ToSocketAddrs,
            ) -> ::std::io::Result<()> {
                let listener = $crate::door::bind(address).await?;
                self.serve(listener).await
            }

            /// The same with a listener that is open already, whose address can be asked for.
            ///
            /// # Errors
            ///
            /// The listener failed for good.
            pub async fn serve(
                &self,
                listener: ::tokio::net::TcpListener,
            ) -> ::std::io::Result<()> {
                $crate::door::accept(listener, self.service(), $crate::door::Wrap::Plain).await
            }

            /// Listens with TLS, until the server is closed.
            ///
            /// # Errors
            ///
            /// The address cannot be listened on.
            #[cfg(feature = "tls")]
            pub async fn listen_tls(
                &self,
                address: impl ::tokio::net::ToSocketAddrs,
                tls: $crate::engine::Tls,
            ) -> ::std::io::Result<()> {
                let listener = $crate::door::bind(address).await?;
                self.serve_tls(listener, tls).await
            }

            /// The same with a listener that is open already.
            ///
            /// # Errors
            ///
            /// The listener failed for good.
            #[cfg(feature = "tls")]
            pub async fn serve_tls(
                &self,
                listener: ::tokio::net::TcpListener,
                tls: $crate::engine::Tls,
            ) -> ::std::io::Result<()> {
                let wrap = $crate::door::Wrap::Tls(tls.acceptor());
                $crate::door::accept(listener, self.service(), wrap).await
            }

            /// Lets a client in that comes over something else than HTTP: a [link]($crate::engine::Link) of your own, or a stream
            /// that became a WebSocket elsewhere.
            ///
            /// `request` is what is known of the client: the query (`EIO`, and `sid` if a session goes over to this link),
            /// headers, and a [`Peer`]($crate::engine::Peer) among the extensions. All that is asked of clients that come by HTTP
            /// is asked of it. `transport` is one of those that are offered.
            ///
            /// ```
            /// use bytes::Bytes;
            /// use socketio_server::engine::{Engine, Refused, Transport};
            ///
            /// # async fn accept(engine: Engine, stream: tokio::net::TcpStream) -> Result<(), Refused> {
            /// let request = http::Request::get("/engine.io/?EIO=4").body(()).unwrap_or_default();
            /// let entrance = engine.admit(request, Transport::WEBSOCKET).await?;
            /// // Now the handshake of the WebSocket, done by somebody else; and then:
            /// entrance.serve_websocket(stream, Bytes::new());
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// # Errors
            ///
            /// It is refused. Tell it before the link is established, in the words of [`Refused`]($crate::engine::Refused).
            pub async fn admit<B>(
                &self,
                request: ::http::Request<B>,
                transport: $crate::engine::Transport,
            ) -> Result<$crate::engine::Entrance, $crate::engine::Refused> {
                ::std::sync::Arc::clone(&self.core)
                    .admit(request, transport)
                    .await
            }

            /// The server as a [`tower_service::Service`] and [`hyper::service::Service`]. Requests for other paths are
            /// answered 404.
            pub fn service(&self) -> $crate::engine::HttpService {
                $crate::engine::HttpService::new(::std::sync::Arc::clone(&self.core) as _)
            }

            /// The server as a [`tower_layer::Layer`], in front of an application: requests for other paths go to the service
            /// below it.
            pub fn layer(&self) -> $crate::engine::HttpLayer {
                self.service().layer()
            }
        }
    };
}

pub(crate) use door_handle;
