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
